#include "device/cpu/scratch.h"

#include <new>

namespace temper::cpu {
namespace {

// Two cache lines: processors fetch them in pairs.
constexpr size_t kAlignment = 128;
// Sizes are rounded up to this many values, so that a cache that grows by a token a step seldom asks for more.
constexpr size_t kGrainFloats = 1024;

size_t rounded(size_t floats) {
  return (floats + kGrainFloats - 1) / kGrainFloats * kGrainFloats;
}

}  // namespace

void Scratch::Free::operator()(float* memory) const {
  ::operator delete (memory, std::align_val_t{kAlignment});
}

Scratch::Slot& Scratch::slot_of(ScratchSlot slot, size_t floats) {
  Slot& held = slots_[static_cast<size_t>(slot)];
  if (held.floats >= floats) return held;
  // First: the old contents are of no use, and holding both would take more than either.
  held.memory.reset();
  bytes_ -= static_cast<int64_t>(held.floats * sizeof(float));
  held.floats = 0;
  held.memory.reset(static_cast<float*>(::operator new (floats * sizeof(float), std::align_val_t{kAlignment})));
  held.floats = floats;
  bytes_ += static_cast<int64_t>(floats * sizeof(float));
  return held;
}

float* Scratch::take(ScratchSlot slot, size_t floats) {
  return slot_of(slot, rounded(floats)).memory.get();
}

ThreadBlocks Scratch::take_for_threads(ScratchSlot slot, size_t floats) {
  const Slot& held = slot_of(slot, rounded(floats) * threads_);
  // As far apart as the slot's memory allows: a thread then finds its block where it was in the last launch.
  return {held.memory.get(), held.floats / threads_ / kGrainFloats * kGrainFloats};
}

}  // namespace temper::cpu
