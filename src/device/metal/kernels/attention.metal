// Attention forward without the matrix of scores: blocks of queries against blocks of keys with a running maximum and
// sum. Source: Dao et al. 2022, alg. 1. A threadgroup takes a head and 8 queries a SIMD-group; their scores with a
// block of keys, and the sums of values that these weigh, are products of 8 x 8 blocks. When a row's maximum rises, its
// sums are scaled by a product with a diagonal matrix, so nothing depends on which lane holds what. Which keys a query
// sees comes from attention_ranges.metal; keys that no query of the block sees are taken as zeros, whatever lies there.
// Work O(pairs of blocks that see each other x width), memory O(queries) beside the result. Sums, maxima and weights
// are f32. Tolerance: keys / 8 additions in f32, then one rounding to the type. A query whose scores aren't numbers takes
// no part in the products, which would spread them over its block: its total alone is not a number. Values that aren't
// finite do spread, to the queries of the block that don't see them.
#include "kernels/shared/panels.metal"
#include "parameters/attention.h"

constant int type [[function_constant(0)]];  // of q, k, v and the result

template <int Blocks, int KeyBlocks, int Simdgroups>
kernel void attention(device const uchar* q [[buffer(0)]], device const uchar* k [[buffer(1)]],
                      device const uchar* v [[buffer(2)]], device const int2* ranges [[buffer(3)]],
                      device uchar* out [[buffer(4)]], device float* lse [[buffer(5)]],
                      constant AttentionParameters& p [[buffer(6)]], uint2 group [[threadgroup_position_in_grid]],
                      uint thread_index [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]],
                      uint simdgroup [[simdgroup_index_in_threadgroup]]) {
  constexpr int kRows = 8 * Simdgroups;
  constexpr int kKeys = 8 * KeyBlocks;
  constexpr int kThreads = 32 * Simdgroups;
  constexpr int stride = panel_stride(Blocks);
  threadgroup float q_panel[kRows * stride];
  threadgroup float kv_panel[kKeys * stride];
  threadgroup float scores[kRows * kKeys];
  threadgroup float scales[64 * Simdgroups];  // a diagonal matrix for each SIMD-group; room for results at the end
  threadgroup int2 seen_by[kRows];
  threadgroup int seen[kKeys < kRows ? kRows : kKeys];

  const uint first = group.x * kRows, head = group.y;
  const HeadRows q_rows = {q, type, p.heads, head, p.width};
  const uint kv_head = head / (p.heads / p.kv_heads);
  const HeadRows k_rows = {k, type, p.kv_heads, kv_head, p.width};
  const HeadRows v_rows = {v, type, p.kv_heads, kv_head, p.width};
  const int blocks = int(p.width + 7) / 8;

  if (thread_index < uint(kRows)) {
    const uint query = first + thread_index;
    seen_by[thread_index] = query < p.queries ? ranges[query] : int2(0);
    seen[thread_index] = 1;
  }
  for (uint i = lane; i < 64; i += 32) scales[64 * simdgroup + i] = 0.0f;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  load_panel<Blocks, kRows, kThreads>(q_rows, first, p.queries, seen, p.scale, q_panel, thread_index);

  // Four lanes share a row of scores.
  const uint row = lane / 4, part = lane % 4;
  const int2 mine = seen_by[8 * simdgroup + row];
  threadgroup float* my_scores = scores + (8 * simdgroup + row) * kKeys;
  float top = -INFINITY, total = 0.0f;
  simdgroup_float8x8 sums[Blocks];
  for (int b = 0; b < Blocks; ++b) sums[b] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);

  const int2 all = joined<kRows>(seen_by);
  for (int key = all.x; key < all.y; key += kKeys) {
    threadgroup_barrier(mem_flags::mem_threadgroup);  // the last values have been used
    mark_seen<kRows, kKeys>(seen_by, key, seen, thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    load_panel<Blocks, kKeys, kThreads>(k_rows, uint(key), p.keys, seen, 1.0f, kv_panel, thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (int j = 0; j < KeyBlocks; ++j) {
      simdgroup_float8x8 products = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
      for (int b = 0; b < blocks; ++b) {
        simdgroup_float8x8 left;
        simdgroup_float8x8 right;
        simdgroup_load(left, q_panel + 8 * simdgroup * stride + 8 * b, stride);
        simdgroup_load(right, kv_panel + 8 * j * stride + 8 * b, stride, ulong2(0), true);
        simdgroup_multiply_accumulate(products, left, right, products);
      }
      simdgroup_store(products, scores + 8 * simdgroup * kKeys + 8 * j, kKeys);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);  // the keys have been used
    load_panel<Blocks, kKeys, kThreads>(v_rows, uint(key), p.keys, seen, 1.0f, kv_panel, thread_index);

    float new_top = top;
    for (uint c = part; c < uint(kKeys); c += 4) {
      const int at = key + int(c);
      if (mine.x <= at && at < mine.y) new_top = max(new_top, my_scores[c]);
    }
    new_top = max(new_top, simd_shuffle_xor(new_top, ushort(1)));
    new_top = max(new_top, simd_shuffle_xor(new_top, ushort(2)));
    const float base = new_top == -INFINITY ? 0.0f : new_top;
    float shrink = precise::exp(top - base);
    if (isnan(shrink)) shrink = 0.0f;
    float added = 0.0f;
    for (uint c = part; c < uint(kKeys); c += 4) {
      const int at = key + int(c);
      const float weight = mine.x <= at && at < mine.y ? precise::exp(my_scores[c] - base) : 0.0f;
      my_scores[c] = isnan(weight) ? 0.0f : weight;
      added += weight;
    }
    added += simd_shuffle_xor(added, ushort(1));
    added += simd_shuffle_xor(added, ushort(2));
    total = total * shrink + added;
    top = new_top;
    const bool rises = !simd_all(shrink == 1.0f);
    if (rises && part == 0) scales[64 * simdgroup + 9 * row] = shrink;
    threadgroup_barrier(mem_flags::mem_threadgroup);  // the values and all weights are there

    if (rises) {
      simdgroup_float8x8 diagonal;
      simdgroup_load(diagonal, scales + 64 * simdgroup, 8);
      for (int b = 0; b < Blocks; ++b) {
        if (b >= blocks) break;
        const simdgroup_float8x8 before = sums[b];
        simdgroup_multiply(sums[b], diagonal, before);
      }
    }
    for (int j = 0; j < KeyBlocks; ++j) {
      simdgroup_float8x8 weights;
      simdgroup_load(weights, scores + 8 * simdgroup * kKeys + 8 * j, kKeys);
      for (int b = 0; b < Blocks; ++b) {
        if (b >= blocks) break;
        simdgroup_float8x8 values;
        simdgroup_load(values, kv_panel + 8 * j * stride + 8 * b, stride);
        simdgroup_multiply_accumulate(sums[b], weights, values, sums[b]);
      }
    }
  }

  const uint query = first + 8 * simdgroup + row;
  if (part == 0 && query < p.queries)
    lse[ulong(head) * p.queries + query] = total == 0.0f ? -INFINITY : top + precise::log(total);
  simdgroup_barrier(mem_flags::mem_threadgroup);  // the diagonal has been used
  store_rows<Blocks>(sums, scales + 64 * simdgroup, out, type, q_rows, first + 8 * simdgroup, p.queries,
                     total == 0.0f ? 0.0f : 1.0f / total, lane);
}

KERNEL_OF(attention, "16", 2, 4, 4)
KERNEL_OF(attention, "64", 8, 4, 4)
KERNEL_OF(attention, "128", 16, 2, 4)
KERNEL_OF(attention, "256", 32, 1, 2)
