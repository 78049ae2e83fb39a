// Every instruction set that the machine has, rows of all lengths around its vectors', against f64.
#include "device/cpu/row_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "support/instruction_sets.h"

namespace temper::cpu {
namespace {

template <class T>
T rounded(float x);
template <>
float rounded(float x) {
  return x;
}
template <>
bf16_t rounded(float x) {
  return to_bf16(x);
}
template <>
f16_t rounded(float x) {
  return to_f16(x);
}
double value(float x) {
  return double{x};
}
template <class T>
double value(T x) {
  return double{to_f32(x)};
}

template <class T>
constexpr double kUnit = 0x1p-24;
template <>
constexpr double kUnit<bf16_t> = 0x1p-8;
template <>
constexpr double kUnit<f16_t> = 0x1p-11;

template <class T>
std::vector<T> random_row(int64_t n, uint32_t seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> normal;
  std::vector<T> row;
  for (int64_t i = 0; i < n; ++i) row.push_back(rounded<T>(normal(bits)));
  return row;
}

/// Runs `test(n)` for each instruction set and length.
void on_every_set(const std::function<void(int64_t n)>& test) {
  for (const int64_t target : instruction_sets()) {
    const OnlyInstructionSet only(target);
    for (const int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 257}) {
      SCOPED_TRACE(std::string(hwy::TargetName(target)) + ", " + std::to_string(n) + " values");
      test(n);
    }
  }
}

/// `got[i]` is `want(i)` up to a rounding of T and `spread` of f32 in numbers of about the largest one.
template <class T>
void expect_row(const std::vector<T>& got, const std::function<double(size_t)>& want, double spread = 16) {
  double largest = 0;
  for (size_t i = 0; i < got.size(); ++i) largest = std::max(largest, std::abs(want(i)));
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(value(got[i]), want(i), kUnit<T> * std::abs(want(i)) + 0x1p-25 + spread * 0x1p-24 * largest)
        << "element " << i;
}

template <class T>
class RowMath : public ::testing::Test {};
using Types = ::testing::Types<float, bf16_t, f16_t>;
TYPED_TEST_SUITE(RowMath, Types);

TYPED_TEST(RowMath, SoftmaxAndItsLogarithm) {
  using T = TypeParam;
  on_every_set([](int64_t n) {
    const std::vector<T> x = random_row<T>(n, 1);
    double top = -INFINITY, total = 0;
    for (const T v : x) top = std::max(top, value(v));
    for (const T v : x) total += std::exp(value(v) - top);
    std::vector<T> y(x.size());
    softmax_row(x.data(), y.data(), n);
    expect_row<T>(y, [&](size_t i) { return std::exp(value(x[i]) - top) / total; });
    log_softmax_row(x.data(), y.data(), n);
    expect_row<T>(y, [&](size_t i) { return value(x[i]) - top - std::log(total); });
    std::vector<T> in_place = x;
    softmax_row(in_place.data(), in_place.data(), n);
    softmax_row(x.data(), y.data(), n);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(value(in_place[i]), value(y[i])) << i;
  });
}

TYPED_TEST(RowMath, SoftmaxOfInfinitiesAndNaN) {
  using T = TypeParam;
  on_every_set([](int64_t n) {
    std::vector<T> x(static_cast<size_t>(n), rounded<T>(-INFINITY)), y(x.size());
    softmax_row(x.data(), y.data(), n);
    for (const T v : y) ASSERT_EQ(value(v), 0.0);
    log_softmax_row(x.data(), y.data(), n);
    for (const T v : y) ASSERT_EQ(value(v), -INFINITY);
    for (const float bad : {std::nanf(""), INFINITY}) {
      x = random_row<T>(n, 2);
      x.back() = rounded<T>(bad);
      softmax_row(x.data(), y.data(), n);
      for (const T v : y) ASSERT_TRUE(std::isnan(value(v))) << bad;
    }
  });
}

TYPED_TEST(RowMath, GradientsOfSoftmax) {
  using T = TypeParam;
  on_every_set([](int64_t n) {
    const std::vector<T> dy = random_row<T>(n, 3), y = random_row<T>(n, 4);
    double dot = 0, total = 0, size = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      dot += value(dy[i]) * value(y[i]);
      total += value(dy[i]);
      size += std::abs(value(dy[i])) * (1 + std::abs(value(y[i])));
    }
    std::vector<T> dx(y.size());
    softmax_gradient_row(dy.data(), y.data(), dx.data(), n);
    expect_row<T>(
        dx, [&](size_t i) { return value(y[i]) * (value(dy[i]) - dot); }, 16 + size);
    log_softmax_gradient_row(dy.data(), y.data(), dx.data(), n);
    expect_row<T>(
        dx, [&](size_t i) { return value(dy[i]) - std::exp(value(y[i])) * total; }, 16 + 16 * size);
  });
}

template <class T, class W>
void expect_layer_norm(int64_t n) {
  const std::vector<T> x = random_row<T>(n, 5);
  const std::vector<W> weight = random_row<W>(n, 6), bias = random_row<W>(n, 7);
  double mean = 0, variance = 0;
  for (const T v : x) mean += value(v) / static_cast<double>(n);
  for (const T v : x) variance += (value(v) - mean) * (value(v) - mean) / static_cast<double>(n);
  const double inv_std = 1 / std::sqrt(variance + 1e-3);
  std::vector<T> y(x.size());
  const LayerNormStatistics statistics = layer_norm_row(x.data(), weight.data(), bias.data(), 1e-3f, y.data(), n);
  EXPECT_NEAR(double{statistics.mean}, mean, 1e-6);
  EXPECT_NEAR(double{statistics.inv_std}, inv_std, 1e-5 * inv_std);
  expect_row<T>(
      y, [&](size_t i) { return (value(x[i]) - mean) * inv_std * value(weight[i]) + value(bias[i]); }, 64);
}

TYPED_TEST(RowMath, LayerNorm) {
  on_every_set([](int64_t n) {
    expect_layer_norm<TypeParam, TypeParam>(n);
    expect_layer_norm<TypeParam, float>(n);
  });
}

TEST(RowMathAdamW, IsTheFormula) {
  on_every_set([](int64_t n) {
    const AdamWStep s{0.5f, 0.9f, 0.99f, 0.999f, 0.01f, 0.7f, 1e-3f};
    const std::vector<float> grad = random_row<float>(n, 8), m0 = random_row<float>(n, 9),
                             p0 = random_row<float>(n, 10);
    std::vector<float> v0 = random_row<float>(n, 11);
    for (float& v : v0) v *= v;
    std::vector<float> m = m0, v = v0, p = p0;
    adamw_values(s, grad.data(), m.data(), v.data(), p.data(), n);
    const auto next_m = [&](size_t i) {
      return value(m0[i]) + (1 - value(s.beta1)) * (value(s.scale) * value(grad[i]) - value(m0[i]));
    };
    const auto next_v = [&](size_t i) {
      const double g = value(s.scale) * value(grad[i]);
      return value(s.beta2) * value(v0[i]) + (1 - value(s.beta2)) * g * g;
    };
    expect_row<float>(m, next_m);
    expect_row<float>(v, next_v);
    expect_row<float>(p, [&](size_t i) {
      return value(s.keep) * value(p0[i]) -
             value(s.step) * next_m(i) / (std::sqrt(next_v(i)) / value(s.root_correction2) + value(s.eps));
    });
  });
}

TEST(SamplingWeights, AreExponentialsOfAtMostOne) {
  on_every_set([](int64_t n) {
    std::vector<float> x = random_row<float>(n, 5);
    if (n > 4) x[3] = -std::numeric_limits<float>::infinity();
    const LogitRange range = logit_range(x.data(), n);
    EXPECT_TRUE(range.is_valid);
    EXPECT_EQ(range.top, *std::ranges::max_element(x));
    std::vector<float> weights(x.size());
    for (const float temperature : {0.25f, 1.0f, 1e30f, 1e-40f}) {
      sampling_weights(x.data(), range.top, temperature, weights.data(), n);
      EXPECT_EQ(*std::ranges::max_element(weights), 1.0f);
      for (size_t i = 0; i < x.size(); ++i) {
        const double exponent = (double{x[i]} - double{range.top}) / double{temperature};
        const double expected = std::exp(exponent);
        // Two roundings of the exponent, and what exp itself makes.
        const double allowed = expected == 0.0 ? 0.0 : (0x1p-22 - 0x1p-23 * exponent) * expected;
        EXPECT_NEAR(double{weights[i]}, expected, allowed + 1e-37) << i;
      }
    }
  });
}

TEST(SamplingWeights, RowsThatArentNumbersAreToldApart) {
  on_every_set([](int64_t n) {
    const float infinity = std::numeric_limits<float>::infinity();
    for (int64_t at = 0; at < n; ++at)
      for (const float bad : {infinity, std::nanf("")}) {
        std::vector<float> x = random_row<float>(n, 6);
        x[static_cast<size_t>(at)] = bad;
        ASSERT_FALSE(logit_range(x.data(), n).is_valid) << at;
      }
    const std::vector<float> low(static_cast<size_t>(n), -infinity);
    EXPECT_TRUE(logit_range(low.data(), n).is_valid);
    EXPECT_EQ(logit_range(low.data(), n).top, -infinity);
  });
}

}  // namespace
}  // namespace temper::cpu
