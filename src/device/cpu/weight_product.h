#pragma once

#include <cstdint>

#include "base/thread_pool.h"
#include "device/cpu/weight.h"
#include "tensor/half.h"

namespace temper::cpu {

/// Rows [begin, end) of a weight as f32 into `out`, with vector conversions for dense types.
void expand_rows(const CpuWeight& weight, int64_t begin, int64_t end, float* out);

/// A low-rank addend: + alpha left right, with left [m, rank] and right [rank, n], or [n, rank] when transposed.
struct LowRank {
  const float* left = nullptr;
  const float* right = nullptr;
  bool right_transposed = false;
  int64_t rank = 0;
  float alpha = 1.0f;
};

/// y [m, rows] = x [m, columns] W^T, or transposed y [m, columns] = x [m, rows] W; plus the low-rank addend, if any.
/// Uses ScratchSlot::c on the calling thread and d on all.
void multiply_weight(ThreadPool& pool, const float* x, int64_t m, const CpuWeight& weight, bool transposed, float* y,
                     const LowRank& addend = {});

}  // namespace temper::cpu
