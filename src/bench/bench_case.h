#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "device/context.h"

// What `temper bench ops` measures. cases.cpp lists it.
namespace temper::bench {

/// A case on a device, its inputs made.
struct Prepared {
  /// Encodes one call.
  std::function<void()> encode = {};
  /// Compares the result of one call with sums in f64 and throws Error{numeric} with what is wrong: a benchmark of a
  /// wrong result is worth nothing.
  std::function<void()> check = {};
  /// Instead of encode: runs the work `count` times by itself, and says how many seconds each took.
  std::function<std::vector<double>(int count)> durations = {};
};

struct Case {
  std::string op;     ///< "lora_linear"
  std::string shape;  ///< "64 x 512 x 512 r 8"
  std::string dtype;  ///< of activations, and of the weight where it differs: "f32", "f32 Q4_1"
  double flops = 0;   ///< multiplications and additions of a call
  double bytes = 0;   ///< a call's inputs and outputs, each once
  OrderedJson peer;   ///< the same for a peer: {"op", "dtype", sizes}; null when there is none
  std::function<Prepared(Context& ctx)> prepare;

  std::string name() const { return op + " " + shape + " " + dtype; }
};

struct CaseOptions {
  DType dtype = DType::f32;
  bool all_ranks = false;  ///< 4 to 64 instead of 8 and 64
};

/// Every case in one activation type.
std::vector<Case> all_cases(const CaseOptions& options);
/// Those whose name holds `filter`.
std::vector<Case> matching(std::vector<Case> cases, const std::string& filter);

}  // namespace temper::bench
