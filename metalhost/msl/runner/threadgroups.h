// Runs the threadgroups of a dispatch, one fibre a thread.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "msl/include/compile/metalhost_interface.h"

namespace metalhost::msl {

// In which order the threads of a threadgroup, and the threadgroups of a grid, get their turns.
enum class Schedule { forward, reverse, random };

struct Launch {
  std::array<void*, 31> buffers{};
  std::array<uint64_t, 31> threadgroup_bytes{};
  std::array<uint32_t, 3> threads{1, 1, 1};  // of the grid; the last threadgroups may be partial
  std::array<uint32_t, 3> group_threads{1, 1, 1};
  uint64_t max_threadgroup_bytes = 32768;
  Schedule schedule = Schedule::forward;
  uint64_t seed = 0;
  uint8_t fill = 0xff;  // what threadgroup memory holds before it is written: not-a-number
};

// Throws std::runtime_error with file and line when threads diverge at an operation in which they must meet.
void run_threadgroups(const KernelEntry& kernel, const Launch& launch);

const Runtime& runtime_table();

}  // namespace metalhost::msl
