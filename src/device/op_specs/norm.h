#pragma once

#include <string_view>

namespace temper::specs {

/// x [...] -> sum of x^2, f32 [] (f64 for f64), accumulated more exactly than in f32 and in an order that depends on
/// the shape only.
struct SumOfSquares {
  static constexpr std::string_view name = "sum_of_squares";
  struct Attrs {};
};

}  // namespace temper::specs
