#pragma once

#include "base/thread_pool.h"
#include "device/cpu/elements.h"
#include "device/cpu/scratch.h"
#include "device/cpu/vector_math.h"

// f32 views of tensors of any compute type, for kernels whose arithmetic is f32.
namespace temper::cpu {

/// x itself when it is f32, else its n values widened into the slot, in parallel.
template <class T>
const float* widened(Workspace& work, const T* x, int64_t n, ScratchSlot slot) {
  if constexpr (std::is_same_v<T, float>) {
    return x;
  } else {
    float* wide = work.scratch.take(slot, static_cast<size_t>(n));
    parallel_for(work, n, 65536,
                 [&](int64_t begin, int64_t end) { widen_values(x + begin, wide + begin, end - begin); });
    return wide;
  }
}

/// Where to write f32 results that belong into y: y itself when it is f32, else the slot.
template <class T>
float* wide_output(Workspace& work, T* y, int64_t n, ScratchSlot slot) {
  if constexpr (std::is_same_v<T, float>)
    return y;
  else
    return work.scratch.take(slot, static_cast<size_t>(n));
}

/// Rounds what wide_output() gave into y; nothing for f32.
template <class T>
void store_output(ThreadPool& pool, const float* wide, T* y, int64_t n) {
  if constexpr (!std::is_same_v<T, float>)
    parallel_for(pool, n, 65536,
                 [&](int64_t begin, int64_t end) { narrow_values(wide + begin, y + begin, end - begin); });
}

}  // namespace temper::cpu
