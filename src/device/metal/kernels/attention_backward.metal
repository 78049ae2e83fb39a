// Attention backward without the matrix of scores. Derived from the definitions, as Dao et al. 2022, alg. 4, orders
// them: with s = scale q k, the weights are w = exp(s - lse); given dout, delta = sum(dout out) of each query,
//   dv = sum over queries of w dout,  ds = w (dout v - delta),  dq = scale sum over keys of ds k,
//   dk = scale sum over queries of ds q.
// One kernel goes by queries and makes dq, the other by keys, over all query heads that share them, and makes dk and
// dv: each result is summed by one SIMD-group in a fixed order, without atomics, at the price of making w and ds twice.
// A threadgroup holds 8 rows a SIMD-group (queries, or keys) and walks the blocks of columns (keys, or queries) that
// they see. Work O(pairs of blocks that see each other x width), 7 products in all; memory O(queries) beside the
// results. Tolerance: queries / 8 or keys / 8 additions in f32, then one rounding to the type.
#include "kernels/shared/panels.metal"
#include "parameters/attention.h"

constant int type [[function_constant(0)]];  // of everything but lse and delta

// delta [heads, queries], a SIMD-group a number.
kernel void attention_delta(device const uchar* dout [[buffer(0)]], device const uchar* out [[buffer(1)]],
                            device float* delta [[buffer(2)]], constant AttentionParameters& p [[buffer(3)]],
                            uint2 group [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  const HeadRows rows = {out, type, p.heads, group.y, p.width};
  float sum = 0.0f;
  for (uint i = lane; i < p.width; i += 32) {
    const long at = rows.at(group.x, i);
    sum += stored(dout, at, type) * stored(out, at, type);
  }
  sum = simd_sum(sum);
  if (lane == 0) delta[ulong(group.y) * p.queries + group.x] = sum;
}

// sums += left [8, kColumns] right [kColumns, width].
template <int Blocks, int ColumnBlocks>
inline void add_weighted(threadgroup const float* left, threadgroup const float* right, int blocks,
                         thread simdgroup_float8x8 (&sums)[Blocks]) {
  constexpr int stride = panel_stride(Blocks);
  for (int j = 0; j < ColumnBlocks; ++j) {
    simdgroup_float8x8 weights;
    simdgroup_load(weights, left + 8 * j, 8 * ColumnBlocks);
    for (int b = 0; b < Blocks; ++b) {
      if (b >= blocks) break;
      simdgroup_float8x8 values;
      simdgroup_load(values, right + 8 * j * stride + 8 * b, stride);
      simdgroup_multiply_accumulate(sums[b], weights, values, sums[b]);
    }
  }
}

// products = left [8, width] right [kColumns, width]^T.
template <int Blocks, int ColumnBlocks>
inline void multiply_panels(threadgroup const float* left, threadgroup const float* right, int blocks,
                            threadgroup float* products) {
  constexpr int stride = panel_stride(Blocks);
  for (int j = 0; j < ColumnBlocks; ++j) {
    simdgroup_float8x8 sum = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    for (int b = 0; b < blocks; ++b) {
      simdgroup_float8x8 a;
      simdgroup_float8x8 c;
      simdgroup_load(a, left + 8 * b, stride);
      simdgroup_load(c, right + 8 * j * stride + 8 * b, stride, ulong2(0), true);
      simdgroup_multiply_accumulate(sum, a, c, sum);
    }
    simdgroup_store(sum, products + 8 * j, 8 * ColumnBlocks);
  }
}

// By queries: rows q and dout, columns k and v, first result dq. By keys: rows k and v, columns q and dout, first
// result dk, second dv.
template <bool ByKeys, int Blocks, int ColumnBlocks, int Simdgroups>
kernel void attention_backward(device const uchar* rows_a [[buffer(0)]], device const uchar* rows_b [[buffer(1)]],
                               device const uchar* columns_a [[buffer(2)]], device const uchar* columns_b [[buffer(3)]],
                               device const float* lse [[buffer(4)]], device const float* delta [[buffer(5)]],
                               device const int2* ranges [[buffer(6)]], device uchar* result [[buffer(7)]],
                               device uchar* dv [[buffer(8)]], constant AttentionParameters& p [[buffer(9)]],
                               uint2 group [[threadgroup_position_in_grid]],
                               uint thread_index [[thread_index_in_threadgroup]],
                               uint lane [[thread_index_in_simdgroup]],
                               uint simdgroup [[simdgroup_index_in_threadgroup]]) {
  constexpr int kRows = 8 * Simdgroups;
  constexpr int kColumns = 8 * ColumnBlocks;
  constexpr int kThreads = 32 * Simdgroups;
  constexpr int stride = panel_stride(Blocks);
  threadgroup float a_panel[kRows * stride];
  threadgroup float b_panel[kRows * stride];
  threadgroup float columns[kColumns * stride];
  threadgroup float weights[kRows * kColumns];
  threadgroup float slopes[kRows * kColumns];
  threadgroup float staged[64 * Simdgroups];
  threadgroup int2 seen_by[kRows];
  threadgroup int seen[kColumns < kRows ? kRows : kColumns];

  const uint first = group.x * kRows, row_count = ByKeys ? p.keys : p.queries;
  const uint column_count = ByKeys ? p.queries : p.keys, share = p.heads / p.kv_heads;
  const uint row_heads = ByKeys ? p.kv_heads : p.heads, column_heads = ByKeys ? p.heads : p.kv_heads;
  const HeadRows a_rows = {rows_a, type, row_heads, group.y, p.width};
  const HeadRows b_rows = {rows_b, type, row_heads, group.y, p.width};
  const int blocks = int(p.width + 7) / 8;
  if (thread_index < uint(kRows)) {
    const uint at = first + thread_index;
    seen_by[thread_index] = at < row_count ? ranges[at] : int2(0);
    seen[thread_index] = 1;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  load_panel<Blocks, kRows, kThreads>(a_rows, first, row_count, seen, 1.0f, a_panel, thread_index);
  load_panel<Blocks, kRows, kThreads>(b_rows, first, row_count, seen, 1.0f, b_panel, thread_index);

  const uint row = lane / 4, part = lane % 4, my_row = first + 8 * simdgroup + row;  // four lanes share a row
  const int2 mine = seen_by[8 * simdgroup + row];
  threadgroup float* my_weights = weights + (8 * simdgroup + row) * kColumns;
  threadgroup float* my_slopes = slopes + (8 * simdgroup + row) * kColumns;
  simdgroup_float8x8 sums[Blocks];
  simdgroup_float8x8 dv_sums[ByKeys ? Blocks : 1];
  for (int b = 0; b < Blocks; ++b) {
    sums[b] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    if (ByKeys || b == 0) dv_sums[b] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  }

  const int2 all = joined<kRows>(seen_by);
  for (uint i = 0; i < (ByKeys ? share : 1); ++i) {
    const uint column_head = ByKeys ? group.y * share + i : group.y / share;
    const ulong statistics = ulong(ByKeys ? column_head : group.y) * p.queries;
    const HeadRows a_columns = {columns_a, type, column_heads, column_head, p.width};
    const HeadRows b_columns = {columns_b, type, column_heads, column_head, p.width};
    for (int column = all.x; column < all.y; column += kColumns) {
      threadgroup_barrier(mem_flags::mem_threadgroup);  // the last columns have been used
      mark_seen<kRows, kColumns>(seen_by, column, seen, thread_index);
      threadgroup_barrier(mem_flags::mem_threadgroup);
      load_panel<Blocks, kColumns, kThreads>(a_columns, uint(column), column_count, seen, 1.0f, columns, thread_index);
      threadgroup_barrier(mem_flags::mem_threadgroup);
      multiply_panels<Blocks, ColumnBlocks>(a_panel + 8 * simdgroup * stride, columns, blocks,
                                            weights + 8 * simdgroup * kColumns);
      threadgroup_barrier(mem_flags::mem_threadgroup);
      load_panel<Blocks, kColumns, kThreads>(b_columns, uint(column), column_count, seen, 1.0f, columns, thread_index);
      threadgroup_barrier(mem_flags::mem_threadgroup);
      multiply_panels<Blocks, ColumnBlocks>(b_panel + 8 * simdgroup * stride, columns, blocks,
                                            slopes + 8 * simdgroup * kColumns);
      simdgroup_barrier(mem_flags::mem_threadgroup);
      for (uint c = part; c < uint(kColumns); c += 4) {
        const int at = column + int(c);
        float weight = 0.0f, slope = 0.0f;
        if (mine.x <= at && at < mine.y) {
          const ulong query = statistics + (ByKeys ? uint(at) : my_row);
          weight = precise::exp(p.scale * my_weights[c] - lse[query]);
          slope = p.scale * weight * (my_slopes[c] - delta[query]);
        }
        my_weights[c] = weight;
        my_slopes[c] = slope;
      }
      simdgroup_barrier(mem_flags::mem_threadgroup);
      if (ByKeys)
        add_weighted<ByKeys ? Blocks : 1, ColumnBlocks>(weights + 8 * simdgroup * kColumns, columns, blocks, dv_sums);
      threadgroup_barrier(mem_flags::mem_threadgroup);
      load_panel<Blocks, kColumns, kThreads>(a_columns, uint(column), column_count, seen, 1.0f, columns, thread_index);
      threadgroup_barrier(mem_flags::mem_threadgroup);
      add_weighted<Blocks, ColumnBlocks>(slopes + 8 * simdgroup * kColumns, columns, blocks, sums);
    }
  }

  threadgroup float* mine_staged = staged + 64 * simdgroup;
  store_rows<Blocks>(sums, mine_staged, result, type, a_rows, first + 8 * simdgroup, row_count, 1.0f, lane);
  if (ByKeys)
    store_rows<ByKeys ? Blocks : 1>(dv_sums, mine_staged, dv, type, b_rows, first + 8 * simdgroup, row_count, 1.0f,
                                    lane);
}

KERNEL_OF(attention_backward, "by_queries_16", false, 2, 4, 4)
KERNEL_OF(attention_backward, "by_queries_64", false, 8, 2, 4)
KERNEL_OF(attention_backward, "by_queries_128", false, 16, 2, 2)
KERNEL_OF(attention_backward, "by_queries_256", false, 32, 1, 1)
KERNEL_OF(attention_backward, "by_keys_16", true, 2, 4, 4)
KERNEL_OF(attention_backward, "by_keys_64", true, 8, 2, 4)
KERNEL_OF(attention_backward, "by_keys_128", true, 16, 2, 2)
KERNEL_OF(attention_backward, "by_keys_256", true, 32, 1, 1)
