#include "bench/expect.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"

namespace temper::bench {
namespace {

/// Half the distance from 1 to the next number of the type.
double rounding_of(DType dtype) {
  return dtype == DType::bf16 ? 0x1p-8 : dtype == DType::f16 ? 0x1p-11 : 0x1p-24;
}

}  // namespace

void expect_elements(Context& ctx, std::string_view what, const Tensor& got, const Expected& expected) {
  constexpr int64_t most = 97;
  const std::vector<float> values = values_of(ctx, got);
  const auto count = static_cast<int64_t>(values.size());
  const int64_t checked = std::min(count, most);
  std::vector<double> wanted;
  double largest = 0;
  for (int64_t i = 0; i < checked; ++i) {
    wanted.push_back(expected.element(checked == 1 ? 0 : i * (count - 1) / (checked - 1)));
    largest = std::max(largest, std::abs(wanted.back()));
  }
  // The result's own rounding, and that of f32 sums; 16-bit types may round what they multiply, too.
  const double tolerance =
      4 * rounding_of(got.dtype()) + 0x1p-24 * (16 + 4 * std::sqrt(static_cast<double>(expected.terms)));
  for (int64_t i = 0; i < checked; ++i) {
    const int64_t at = checked == 1 ? 0 : i * (count - 1) / (checked - 1);
    const double value = double{values[static_cast<size_t>(at)]}, want = wanted[static_cast<size_t>(i)];
    if (!(std::abs(value - want) <= tolerance * largest))
      fail(ErrorCode::numeric, "{}: element {} is {:.9g}, but sums in f64 give {:.9g}", what, at, value, want);
  }
}

}  // namespace temper::bench
