#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/thread_pool.h"
#include "tensor/half.h"

namespace temper::cpu {

enum class ScratchSlot { a, b, c, d, e, f, panels, strips, rows, gradient_a, gradient_b, count };

/// One block of working memory for each thread of the pool, cache lines apart.
class ThreadBlocks {
 public:
  ThreadBlocks() = default;
  ThreadBlocks(float* first, size_t stride) : first_(first), stride_(stride) {}
  /// The block of a slice's thread (ThreadPool::run); null when no memory was asked for.
  float* operator[](int thread) const { return first_ + static_cast<size_t>(thread) * stride_; }

 private:
  float* first_ = nullptr;
  size_t stride_ = 0;
};

/// Working memory of the kernels of one stream, which runs one launch at a time: taken in the first step, reused in
/// steady state, freed with the stream. A body holds each slot at most once at a time and takes it outside of its
/// slices; contents are undefined. How much is held depends on the shapes and the number of threads only.
class Scratch {
 public:
  explicit Scratch(int threads) : threads_(static_cast<size_t>(threads)) {}

  /// One block of f32 values.
  float* take(ScratchSlot slot, size_t floats);
  /// One block of i32 values.
  int32_t* take_ints(ScratchSlot slot, size_t ints) { return reinterpret_cast<int32_t*>(take(slot, ints)); }
  /// One block of bf16 values.
  bf16_t* take_bf16(ScratchSlot slot, size_t values) { return reinterpret_cast<bf16_t*>(take(slot, (values + 1) / 2)); }
  /// `floats` values for each thread.
  ThreadBlocks take_for_threads(ScratchSlot slot, size_t floats);

  /// Bytes held; may be called from any thread.
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  struct Slot {
    std::unique_ptr<float, Free> memory;
    size_t floats = 0;
  };
  Slot& slot_of(ScratchSlot slot, size_t floats);

  size_t threads_;
  std::array<Slot, static_cast<size_t>(ScratchSlot::count)> slots_;
  std::atomic<int64_t> bytes_ = 0;
};

/// f32 values that hold so many bf16 ones.
constexpr int64_t floats_of_bf16(int64_t values) {
  return (values + 1) / 2;
}

/// What a launch works with: the backend's threads and its stream's scratch.
struct Workspace {
  ThreadPool& threads;
  Scratch& scratch;

  operator ThreadPool&() const { return threads; }  // NOLINT(google-explicit-constructor): most bodies need no scratch
};

}  // namespace temper::cpu
