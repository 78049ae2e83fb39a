// Every kernel that the machine has, against sums in f64.
#include "device/cpu/bf16_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace temper::cpu {
namespace {

using Values = std::vector<bf16_t>;

Values random_values(int64_t n, uint32_t seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> normal;
  Values values(static_cast<size_t>(n));
  for (bf16_t& value : values) value = to_bf16(normal(bits));
  return values;
}

const char* name_of(Bf16Kernel kernel) {
  return kernel == Bf16Kernel::portable ? "portable" : kernel == Bf16Kernel::avx512 ? "avx512" : "amx";
}

/// Operands with rows longer than needed; what lies between the rows is NaN.
struct Matrix {
  Matrix(int64_t rows, int64_t columns, bool transposed, uint32_t seed)
      : stride((transposed ? rows : columns) + 3), transposed(transposed) {
    const int64_t lines = transposed ? columns : rows;
    values.assign(static_cast<size_t>(lines * stride), to_bf16(std::nanf("")));
    const Values random = random_values(rows * columns, seed);
    for (int64_t i = 0; i < lines; ++i)
      std::copy_n(random.data() + i * (stride - 3), stride - 3, values.data() + i * stride);
  }
  double at(int64_t row, int64_t column) const {
    const int64_t index = transposed ? column * stride + row : row * stride + column;
    return double{to_f32(values[static_cast<size_t>(index)])};
  }
  Bf16Right right() const { return {values.data(), stride, transposed}; }

  Values values;
  int64_t stride;
  bool transposed;
};

struct Shape {
  int64_t m, n, k, k2;
};

struct Case {
  Case(const Shape& shape, bool transposed)
      : shape(shape),
        a(shape.m, shape.k, false, 1),
        b(shape.k, shape.n, transposed, 2),
        a2(shape.m, shape.k2, false, 3),
        b2(shape.k2, shape.n, !transposed, 4) {}
  Bf16Product product() const {
    Bf16Product p = bf16_product_of(shape.m, shape.n, shape.k, a.values.data(), a.stride, b.right());
    if (shape.k2 > 0) {
      p.k2 = shape.k2;
      p.a2 = a2.values.data();
      p.lda2 = a2.stride;
      p.b2 = b2.right();
    }
    return p;
  }
  /// The sum and the sum of magnitudes, which bounds the error.
  std::pair<double, double> expected(int64_t i, int64_t j) const {
    double sum = 0.0, size = 0.0;
    for (int64_t k = 0; k < shape.k; ++k) sum += a.at(i, k) * b.at(k, j), size += std::abs(a.at(i, k) * b.at(k, j));
    for (int64_t k = 0; k < shape.k2; ++k)
      sum += a2.at(i, k) * b2.at(k, j), size += std::abs(a2.at(i, k) * b2.at(k, j));
    return {sum, size};
  }

  Shape shape;
  Matrix a, b, a2, b2;
};

std::vector<Shape> shapes() {
  return {{1, 1, 1, 0},     {32, 32, 32, 0},   {33, 31, 33, 0},    {16, 16, 16, 0}, {17, 48, 64, 24}, {64, 33, 95, 1},
          {5, 100, 576, 0}, {100, 5, 576, 32}, {96, 640, 160, 24}, {2, 2, 0, 3},    {70, 7, 1, 33}};
}

class Bf16ProductOf : public ::testing::TestWithParam<Bf16Kernel> {};

TEST_P(Bf16ProductOf, EqualsSumsInF64) {
  ThreadPool pool(2);
  Scratch scratch(2);
  Workspace work{pool, scratch};
  for (const Shape& shape : shapes())
    for (const bool transposed : {false, true}) {
      const Case c(shape, transposed);
      const int64_t stride = shape.n + 2;
      const float before = 3.0f;
      std::vector<float> set(static_cast<size_t>(shape.m * stride), before), added = set;
      Values rounded(set.size(), to_bf16(before));
      Values space(static_cast<size_t>(bf16_serial_space(shape.m, shape.n, shape.k, shape.k2)));
      bf16_product(work, c.product(), {.f32 = set.data(), .stride = stride}, GetParam());
      bf16_product_serial(c.product(), {.f32 = added.data(), .stride = stride, .add = true}, space.data(), GetParam());
      bf16_product(work, c.product(), {.bf16 = rounded.data(), .stride = stride}, GetParam());
      for (int64_t i = 0; i < shape.m; ++i)
        for (int64_t j = 0; j < stride; ++j) {
          const auto at = static_cast<size_t>(i * stride + j);
          const auto [sum, size] = j < shape.n ? c.expected(i, j) : std::pair(3.0, 0.0);
          const double bound = 1e-6 * size;
          SCOPED_TRACE(::testing::Message() << shape.m << " x " << shape.n << " x " << shape.k << " + " << shape.k2
                                            << (transposed ? " transposed, " : ", ") << i << ", " << j);
          ASSERT_NEAR(double{set[at]}, sum, bound);
          ASSERT_NEAR(double{added[at]}, j < shape.n ? sum + 3.0 : 3.0, bound + 1e-6);
          if (j < shape.n)
            ASSERT_EQ(rounded[at].bits, to_bf16(set[at]).bits);
          else
            ASSERT_EQ(to_f32(rounded[at]), before);
        }
    }
}

TEST_P(Bf16ProductOf, DoesNotDependOnThreads) {
  const Case c({130, 1000, 200, 24}, true);
  std::vector<float> alone(130 * 1000), together = alone, serial = alone;
  ThreadPool one(1), four(4);
  Scratch scratch_of_one(1), scratch_of_four(4);
  Workspace alone_work{one, scratch_of_one}, together_work{four, scratch_of_four};
  Values space(static_cast<size_t>(bf16_serial_space(200, 1100, 210, 64)));  // larger shapes' memory will do
  bf16_product(alone_work, c.product(), {.f32 = alone.data(), .stride = 1000}, GetParam());
  bf16_product(together_work, c.product(), {.f32 = together.data(), .stride = 1000}, GetParam());
  bf16_product_serial(c.product(), {.f32 = serial.data(), .stride = 1000}, space.data(), GetParam());
  EXPECT_EQ(alone, together);
  EXPECT_EQ(alone, serial);
}

TEST_P(Bf16ProductOf, KeepsNanAndInfinity) {
  Case c({40, 40, 40, 8}, false);
  c.a.values[static_cast<size_t>(3 * c.a.stride)] = to_bf16(std::nanf(""));
  c.a.values[static_cast<size_t>(35 * c.a.stride + 39)] = to_bf16(INFINITY);
  ThreadPool pool(2);
  Scratch scratch(2);
  Workspace work{pool, scratch};
  Values y(1600);
  bf16_product(work, c.product(), {.bf16 = y.data(), .stride = 40}, GetParam());
  for (int64_t i = 0; i < 40; ++i)
    for (int64_t j = 0; j < 40; ++j) {
      const float value = to_f32(y[static_cast<size_t>(i * 40 + j)]);
      EXPECT_EQ(std::isnan(value), i == 3) << i << ", " << j;
      EXPECT_EQ(std::isinf(value), i == 35) << i << ", " << j;
    }
}

INSTANTIATE_TEST_SUITE_P(Machine, Bf16ProductOf, ::testing::ValuesIn(bf16_kernels()),
                         [](const auto& info) { return name_of(info.param); });

TEST(SplitValues, KeepSixteenBits) {
  std::vector<float> x = {1.0f / 3.0f, -3.14159265f, 0.0f, 1e-3f, 12345.678f};
  for (int i = 0; i < 36; ++i) x.push_back(std::exp(static_cast<float>(i - 20)));
  x.push_back(INFINITY);
  Values high(x.size()), low(x.size());
  split_values(x.data(), 2, 21, high.data(), low.data(), 21);
  for (size_t i = 0; i + 1 < x.size(); ++i)
    EXPECT_NEAR(to_f32(high[i]) + to_f32(low[i]), x[i], std::abs(x[i]) * 0x1p-16f) << x[i];
  EXPECT_EQ(to_f32(high.back()) + to_f32(low.back()), INFINITY);
}

}  // namespace
}  // namespace temper::cpu
