// Matrix products: y = alpha (A B + scale2 A2 B2) + beta c for every matrix of a stack, with f32 sums.
// A is [m, k], B [k, n]; strides make any of them transposed. The second product, of k2 terms, is what a low-rank
// adapter adds to a frozen one (Hu et al. 2021, eq. 3): it is summed in the same registers, so y is written once and
// not read. A threadgroup of four SIMD-groups makes a square tile of y from tiles of A and B in threadgroup memory;
// element types are constants of the compiled kernel and become f32 when a tile is loaded; B may be a weight in blocks.
// Edges are filled with zeros. Work O(m n (k + k2)); memory: A is read n / tile times, B m / tile times, y written
// once. The order of a sum depends on k only. Tolerance: k additions in f32, then one rounding to the type.
#include "kernels/shared/weights.metal"
#include "parameters/gemm.h"

constant int a_type [[function_constant(0)]];
constant int b_type [[function_constant(1)]];     // of shared/weights.metal
constant int y_type [[function_constant(2)]];     // of c too
constant int b2_type [[function_constant(3)]];    // A2 is f32
constant bool a_turned [[function_constant(4)]];  // neighbours in memory are rows of A
constant bool b_turned [[function_constant(5)]];  // neighbours in memory are terms of B
constant bool has_addend [[function_constant(6)]];
constant bool has_second [[function_constant(7)]];
constant bool b2_turned [[function_constant(8)]];

constant constexpr uint kThreads = 128;  // 2 x 2 SIMD-groups
constant constexpr uint kTerms = 16;     // of a sum in threadgroup memory at a time
constant constexpr uint kPad = 4;        // columns between rows of a tile, so that they begin in different banks

// A matrix [rows, columns] of elements of `type`.
struct GemmSide {
  device const uchar* from;
  int type;
  uint rows;
  uint columns;
  int row_stride;
  int column_stride;
  bool turned;
  float scale;
};

// The tile at (row, column), with zeros where the matrix ends. Neighbouring threads read neighbours in memory.
template <uint Rows, uint Columns>
inline void load_tile(GemmSide side, uint row, uint column, threadgroup float* tile, uint thread_index) {
  for (uint i = thread_index; i < Rows * Columns; i += kThreads) {
    const uint r = side.turned ? i % Rows : i / Columns;
    const uint c = side.turned ? i / Rows : i % Columns;
    float value = 0.0f;
    if (row + r < side.rows && column + c < side.columns)
      value = side.scale *
              stored(side.from, long(row + r) * side.row_stride + long(column + c) * side.column_stride, side.type);
    tile[r * (Columns + kPad) + c] = value;
  }
}

// The same of a weight in blocks, a run of 16 elements a thread. A tile begins at a multiple of 16.
template <uint Rows, uint Columns>
inline void load_block_tile(GemmSide side, uint row, uint column, threadgroup float* tile, uint thread_index) {
  const uint lines = side.turned ? Columns : Rows, runs = (side.turned ? Rows : Columns) / kRun;
  const uint first_line = side.turned ? column : row, first_run = (side.turned ? row : column) / kRun;
  const uint end_line = side.turned ? side.columns : side.rows, elements = side.turned ? side.rows : side.columns;
  const int stride = side.turned ? side.column_stride : side.row_stride;
  for (uint i = thread_index; i < lines * runs; i += kThreads) {
    const uint line = i / runs, run = i % runs;
    const bool inside = first_line + line < end_line && (first_run + run) * kRun < elements;
    WeightRun values;
    if (inside) values = weight_run(side.from + long(first_line + line) * stride, first_run + run, elements, side.type);
    for (uint e = 0; e < kRun; ++e) {
      const uint r = side.turned ? run * kRun + e : line, c = side.turned ? line : run * kRun + e;
      tile[r * (Columns + kPad) + c] = inside ? values.values[e] : 0.0f;
    }
  }
}

// The part of a tile that a SIMD-group makes: S x S blocks, of which some may lie past the edge of y.
template <int S>
struct GemmSums {
  simdgroup_float8x8 blocks[S][S];
};

template <int S>
inline void add_products(GemmSide a, GemmSide b, uint2 first, uint2 part, int2 used, threadgroup float* a_tile,
                         threadgroup float* b_tile, uint thread_index, thread GemmSums<S>& sums) {
  constexpr uint side = 16 * S;
  for (uint term = 0; term < a.columns; term += kTerms) {
    threadgroup_barrier(mem_flags::mem_threadgroup);  // the last tiles have been read
    load_tile<side, kTerms>(a, first.y, term, a_tile, thread_index);
    if (is_blocks(b.type))
      load_block_tile<kTerms, side>(b, term, first.x, b_tile, thread_index);
    else
      load_tile<kTerms, side>(b, term, first.x, b_tile, thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint t = 0; t < kTerms; t += 8) {
      simdgroup_float8x8 left[S];
      simdgroup_float8x8 right[S];
      for (int i = 0; i < S; ++i)
        if (i < used.y) simdgroup_load(left[i], a_tile + (part.y + 8 * i) * (kTerms + kPad) + t, kTerms + kPad);
      for (int j = 0; j < S; ++j)
        if (j < used.x) simdgroup_load(right[j], b_tile + t * (side + kPad) + part.x + 8 * j, side + kPad);
      for (int i = 0; i < S; ++i)
        for (int j = 0; j < S; ++j)
          if (i < used.y && j < used.x)
            simdgroup_multiply_accumulate(sums.blocks[i][j], left[i], right[j], sums.blocks[i][j]);
    }
  }
}

// Blocks of 8 of [first, end), at most S.
inline int used_blocks(uint first, uint end, int most) {
  return first < end ? min(most, int((end - first + 7) / 8)) : 0;
}

template <int S>
kernel void gemm(device const uchar* a [[buffer(0)]], device const uchar* b [[buffer(1)]],
                 device const uchar* c [[buffer(2)]], device uchar* y [[buffer(3)]],
                 device const uchar* a2 [[buffer(4)]], device const uchar* b2 [[buffer(5)]],
                 constant GemmParameters& p [[buffer(6)]], uint3 group [[threadgroup_position_in_grid]],
                 uint thread_index [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]],
                 uint simdgroup [[simdgroup_index_in_threadgroup]]) {
  constexpr uint side = 16 * S;
  threadgroup float a_tile[side * (kTerms + kPad)];
  threadgroup float b_tile[kTerms * (side + kPad)];
  threadgroup float staged[4 * 64];

  long a_at = 0, b_at = 0;
  uint rest = group.z;
  for (uint d = 0; d < p.batch_rank; ++d) {
    const int at = int(rest % p.batch_extents[d]);
    a_at += long(at) * p.a_batch[d];
    b_at += long(at) * p.b_batch[d];
    rest /= p.batch_extents[d];
  }
  const uint a_size = a_type == kStoredF32 ? 4 : 2;
  const uint b_size = b_type == kStoredF32 ? 4 : 2;
  const GemmSide left = {a + a_at * a_size, a_type, p.m, p.k, p.a_strides[0], p.a_strides[1], a_turned, 1.0f};
  const GemmSide right = {b + b_at * b_size, b_type, p.k, p.n, p.b_strides[0], p.b_strides[1], b_turned, 1.0f};

  const uint2 first = uint2(group.x, group.y) * side;                   // column, row
  const uint2 part = uint2(simdgroup % 2, simdgroup / 2) * (side / 2);  // of this SIMD-group in the tile
  const int2 used = int2(used_blocks(first.x + part.x, p.n, S), used_blocks(first.y + part.y, p.m, S));
  GemmSums<S> sums;
  for (int i = 0; i < S; ++i)
    for (int j = 0; j < S; ++j) sums.blocks[i][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  add_products<S>(left, right, first, part, used, a_tile, b_tile, thread_index, sums);
  if (has_second) {
    const GemmSide low = {a2, kStoredF32, p.m, p.k2, p.a2_strides[0], p.a2_strides[1], false, p.scale2};
    const GemmSide up = {b2, b2_type, p.k2, p.n, p.b2_strides[0], p.b2_strides[1], b2_turned, 1.0f};
    add_products<S>(low, up, first, part, used, a_tile, b_tile, thread_index, sums);
  }

  threadgroup float* mine = staged + 64 * simdgroup;
  const ulong matrix = ulong(group.z) * p.m * p.n;
  for (int i = 0; i < used.y; ++i) {
    for (int j = 0; j < used.x; ++j) {
      simdgroup_store(sums.blocks[i][j], mine, 8);
      simdgroup_barrier(mem_flags::mem_threadgroup);
      for (uint e = lane; e < 64; e += 32) {
        const uint row = first.y + part.y + 8 * uint(i) + e / 8;
        const uint column = first.x + part.x + 8 * uint(j) + e % 8;
        if (row < p.m && column < p.n) {
          const long at = long(matrix + ulong(row) * p.n + column);
          float value = p.alpha * mine[e];
          if (has_addend) value += p.beta * stored(c, at, y_type);
          store(y, at, value, y_type);
        }
      }
      simdgroup_barrier(mem_flags::mem_threadgroup);
    }
  }
}

KERNEL_OF(gemm, "32", 2)
KERNEL_OF(gemm, "64", 4)
