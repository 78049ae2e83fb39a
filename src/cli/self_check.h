#pragma once

#include <string>
#include <vector>

#include "device/context.h"

namespace temper::cli {

/// One result of `temper doctor`.
struct Check {
  enum class Status { ok, warn, fail };
  Status status = Status::ok;
  std::string name = {};    ///< "cpu:0: attention bf16"
  std::string detail = {};  ///< what was found
  std::string advice = {};  ///< what to do about it; empty when ok
};

/// Runs core ops on the context's device and compares with f64 arithmetic on the host: matmul, softmax, rms_norm,
/// attention and lora_linear with its gradients, in f32, bf16 and f16. An op that throws is a failed check.
std::vector<Check> numeric_checks(Context& ctx);

}  // namespace temper::cli
