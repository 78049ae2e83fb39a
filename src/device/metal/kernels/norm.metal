// Sum of squares. Each threadgroup sums a block of kBlock elements whose place depends on the shape only; one threadgroup
// then adds up the blocks. Both steps carry what each addition rounds away (Knuth's two-sum), so the result is about as
// exact as f64 sums rounded to f32, in the same order on every run. Work and memory O(n), n / 4096 partial sums.
#include "kernels/shared/rows.metal"

constant constexpr uint kBlock = 4096;

// A sum and what its additions have rounded away.
struct ExactSum {
  float sum;
  float rest;
};

inline ExactSum add(ExactSum total, float x) {
  const float sum = total.sum + x;
  const float of_x = sum - total.sum;
  return {sum, total.rest + ((total.sum - (sum - of_x)) + (x - of_x))};
}

// Every thread's sum together, in thread 0.
inline ExactSum total_of(ExactSum mine, threadgroup float* sums, threadgroup float* rests, RowThread at) {
  sums[at.index] = mine.sum;
  rests[at.index] = mine.rest;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  ExactSum total = {0.0f, 0.0f};
  if (at.index == 0) {
    for (uint i = 0; i < at.count; ++i) {
      total = add(total, sums[i]);
      total.rest += rests[i];
    }
  }
  return total;
}

template <class T>
kernel void sum_of_squares_blocks(device const T* x [[buffer(0)]], device float2* blocks [[buffer(1)]],
                                  constant uint& count [[buffer(2)]], ROW_ARGUMENTS) {
  threadgroup float sums[256];
  threadgroup float rests[256];
  const RowThread at = ROW_THREAD;
  ExactSum mine = {0.0f, 0.0f};
  const uint end = min(count, (row + 1) * kBlock);
  for (uint i = row * kBlock + at.index; i < end; i += at.count) {
    const float value = float(x[i]), square = value * value;
    mine = add(mine, square);
    mine.rest += fma(value, value, -square);
  }
  const ExactSum total = total_of(mine, sums, rests, at);
  if (at.index == 0) blocks[row] = float2(total.sum, total.rest);
}

kernel void sum_of_squares(device const float2* blocks [[buffer(0)]], device float* out [[buffer(1)]],
                           constant uint& count [[buffer(2)]], ROW_ARGUMENTS) {
  threadgroup float sums[256];
  threadgroup float rests[256];
  const RowThread at = ROW_THREAD;
  ExactSum mine = {0.0f, 0.0f};
  for (uint i = at.index; i < count; i += at.count) {
    mine = add(mine, blocks[i].x);
    mine.rest += blocks[i].y;
  }
  const ExactSum total = total_of(mine, sums, rests, at);
  if (at.index == 0) out[row] = isinf(total.sum) ? total.sum : total.sum + total.rest;  // infinity rounds nothing away
}

KERNELS_OF_FLOATS(sum_of_squares_blocks)
