#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/self_check.h"
#include "conformance/results.h"

namespace temper::cli {

/// What `temper doctor` found by the conformance suite on one device.
struct ConformanceReport {
  Device device;
  std::string description;  ///< the backend's
  bool emulated = false;
  std::vector<conformance::OpResult> results;

  int64_t checked() const;
  int64_t planned() const;
  int64_t different() const;
};

/// Runs the suite on a device for about so many seconds; empty: all of it.
ConformanceReport run_conformance(DeviceType type, std::optional<double> seconds);
/// A line for the list of checks.
Check summary_of(const ConformanceReport& report);
/// A table of ops and types, then each difference.
void print(const ConformanceReport& report);
/// One object an op and type.
void append_json(const ConformanceReport& report, OrderedJson& list);

}  // namespace temper::cli
