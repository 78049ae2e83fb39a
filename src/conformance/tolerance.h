#pragma once

#include <cmath>
#include <string_view>

#include "temper/dtype.h"

// The one table of tolerances. Every comparison of a computed number with a reference takes its bound from here.
namespace temper {

/// What limits the accuracy of a result.
enum class Accuracy {
  exact,       ///< values are moved, compared or counted
  rounded,     ///< one operation in the arithmetic type
  elementary,  ///< exp, log, tanh, erf
  reduction,   ///< sums of up to a few hundred terms
  normalised,  ///< a row divided by a statistic of itself
  product,     ///< matrix products, and what is made of several of them
};

struct Bound {
  Accuracy accuracy;
  double ulps;    ///< of the result itself
  double spread;  ///< ulps of the largest result: errors of terms that cancelled
  std::string_view reason;
};

constexpr Bound kBounds[] = {
    {Accuracy::exact, 0, 0, "no arithmetic"},
    {Accuracy::rounded, 1, 0, "correctly rounded by IEEE 754; a fused multiply-add may differ in the last bit"},
    {Accuracy::elementary, 16, 4, "libm keeps a few ulp; 1 + tanh and x exp(x) cancel near their zeros"},
    {Accuracy::reduction, 8, 32, "n terms in sequence err by sqrt(n) ulp of the largest partial sum; n <= 300 here"},
    {Accuracy::normalised, 32, 32, "a reduction, an elementary function and a subtraction of similar numbers"},
    {Accuracy::product, 16, 64, "k <= 100 terms of either sign; the library chooses the order of the sum"},
};

/// 2^-53, 2^-24, 2^-11, 2^-8: half the distance from 1 to the next number. 0 for integers.
constexpr double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return 0x1p-53;
    case DType::f32:
      return 0x1p-24;
    case DType::f16:
      return 0x1p-11;
    case DType::bf16:
      return 0x1p-8;
    default:
      return 0.0;
  }
}

/// About half the smallest subnormal: what rounding near zero may lose.
constexpr double underflow_threshold(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return 0x1p-1074;
    case DType::f32:
      return 0x1p-150;
    case DType::f16:
      return 0x1p-25;
    case DType::bf16:
      return 0x1p-134;
    default:
      return 0.0;
  }
}

/// The largest difference allowed from `reference`, a number of a result whose largest one is `largest`: the result's
/// own rounding (16-bit types do their arithmetic in f32 and round once) and the bound's error in the arithmetic type.
inline double allowed_error(Accuracy accuracy, DType result, double reference, double largest) {
  const double arithmetic = unit_roundoff(result == DType::f64 ? DType::f64 : DType::f32);
  const Bound& bound = kBounds[static_cast<size_t>(accuracy)];
  if (unit_roundoff(result) == 0.0) return 0.0;
  if (accuracy == Accuracy::exact) return 0.0;
  return (unit_roundoff(result) + bound.ulps * arithmetic) * std::abs(reference) + bound.spread * arithmetic * largest +
         underflow_threshold(result);
}

/// The same for gradients: they are made from saved results that were themselves rounded to `result`, in up to three
/// steps, and cancel (softmax: y (dy - sum(dy y))), so errors are of the order of the largest gradient.
inline double allowed_gradient_error(Accuracy accuracy, DType result, double reference, double largest) {
  return 4 * allowed_error(accuracy, result, reference, largest) + 4 * unit_roundoff(result) * largest;
}

/// Finite differences in f64: a step of 1e-5 leaves h^2 f'''/6 ~ 1e-10 of truncation and eps/h ~ 1e-11 of rounding,
/// relative to values of order 1; two more digits for functions of many inputs.
constexpr double kDifferenceStep = 1e-5;
constexpr double kDifferenceTolerance = 1e-7;

/// A row of probabilities drawn n times differs from its frequencies by 4 standard deviations in one of 16,000 tests.
inline double frequency_tolerance(double probability, double draws) {
  return 4.0 * std::sqrt(probability * (1.0 - probability) / draws) + 1.0 / draws;
}

}  // namespace temper
