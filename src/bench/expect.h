#pragma once

#include <functional>
#include <string_view>

#include "bench/inputs.h"

namespace temper::bench {

/// An element of a result and what limits its accuracy: sums of `terms` products of values about 1.
struct Expected {
  std::function<double(int64_t index)> element;  ///< in f64, from the device's own inputs
  int64_t terms = 1;
};

/// Compares up to 97 elements of `got`, spread over it; the first and the last among them. Throws Error{numeric} naming
/// the worst one.
void expect_elements(Context& ctx, std::string_view what, const Tensor& got, const Expected& expected);

}  // namespace temper::bench
