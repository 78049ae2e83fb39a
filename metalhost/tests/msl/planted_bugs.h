// Kernels with one bug each, and what they should have been.
#pragma once
#include <vector>

// Both are bodies of a kernel with these parameters, which runs with 2 threadgroups of 64 threads:
//   device float* x [128], device const float* in [128], device atomic_uint* count [4], constant uint& n = 128,
//   threadgroup float* shared [64], uint i (in the grid), t (in the threadgroup), g (threadgroup), lane, s (SIMD-group)
// The report is at the line with /*!*/.
struct PlantedBug {
  const char* name;
  const char* rule;
  const char* object;  // its beginning
  const char* bug;
  const char* clean;
};

const std::vector<PlantedBug>& planted_bugs();
