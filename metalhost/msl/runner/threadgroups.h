// Runs the threadgroups of a dispatch, one fibre a thread.
#pragma once
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "msl/include/compile/metalhost_interface.h"
#include "msl/runner/access_checker.h"

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
  uint8_t fill = 0xff;               // what threadgroup memory holds before it is written: not-a-number
  AccessChecker* checker = nullptr;  // of a kernel compiled with checks; its arguments are in the checker's memory
};

// Threads that don't meet where they must; what() names file and line too.
class Divergence : public std::runtime_error {
 public:
  Divergence(const std::string& text, const Site& site) : std::runtime_error(text), file(site.file), line(site.line) {}
  std::string file;
  int line;
};

// Throws Divergence, or std::runtime_error when threadgroup memory is too large or the checker stops the kernel.
void run_threadgroups(const KernelEntry& kernel, const Launch& launch);

const Runtime& runtime_table();

}  // namespace metalhost::msl
