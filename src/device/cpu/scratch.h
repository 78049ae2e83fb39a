#pragma once

#include <cstddef>
#include <vector>

namespace temper::cpu {

/// f32 working memory of a kernel on the calling thread, kept for the next kernel: allocated in the first step, reused
/// in steady state. A body holds at most one of each slot at a time; contents are undefined.
enum class ScratchSlot { a, b, c, d, e, f, g, h, i, j, k, count };

inline float* scratch(ScratchSlot slot, size_t floats) {
  thread_local std::vector<float> memory[static_cast<size_t>(ScratchSlot::count)];
  std::vector<float>& buffer = memory[static_cast<size_t>(slot)];
  if (buffer.size() < floats) {
    buffer = {};  // first: the old contents are of no use, and a vector that grows would take twice its size
    buffer.resize(floats);
  }
  return buffer.data();
}

}  // namespace temper::cpu
