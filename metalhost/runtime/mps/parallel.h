// Work of one kernel, spread over threads.
#pragma once
#include <cstdint>
#include <functional>

namespace metalhost::mps {

// Element-wise work that is worth a thread.
inline constexpr uint64_t kElementsAThread = 100'000;

// Calls body(begin, end) for parts of 0..count, each at least `grain` long, on several threads; returns when all are
// done. How the range is cut depends on nothing but the arguments and the machine.
void parallel_for(uint64_t count, uint64_t grain, const std::function<void(uint64_t begin, uint64_t end)>& body);

}  // namespace metalhost::mps
