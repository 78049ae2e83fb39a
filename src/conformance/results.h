#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformance/checks.h"

// Running the suite for a report rather than as tests.
namespace temper::conformance {

/// What became of one op in one type on one device.
struct OpResult {
  DeviceType device = DeviceType::cpu;
  std::string op = {};
  DType dtype = DType::f32;
  int64_t checked = 0;
  int64_t planned = 0;
  std::vector<std::string> differences = {};  ///< "strided, sample 'wide': gaps, output 0, element 3: 1 against 2"
};

/// Asks every property of the cases, what is most telling first: each op's result, then its other properties on its
/// first sample, then the other samples. Stops after `seconds`, but never before each op's first result; empty: runs
/// everything. Whatever an op throws is a difference. In the order of the cases.
std::vector<OpResult> run_checks(std::span<const Case> cases, std::optional<double> seconds);

}  // namespace temper::conformance
