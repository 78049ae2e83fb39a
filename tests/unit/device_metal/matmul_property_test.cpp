// Products of random shapes, transposes, offsets, strides, factors and batches against plain loops in f64.
#include <cmath>

#include "conformance/tolerance.h"
#include "metal_fixture.h"
#include "ops/matmul.h"
#include "ops/view.h"
#include "support/property.h"

namespace temper {
namespace {

using testing::expect_property;
using testing::metal_backend;
using testing::numbers;
using testing::pick;

template <class T>
std::vector<T> in_type(const std::vector<float>& values) {
  std::vector<T> result;
  for (const float value : values) result.push_back(from_f32<T>(value));
  return result;
}

template <class T>
std::vector<float> in_f32(const std::vector<T>& values) {
  std::vector<float> result;
  for (const T value : values) result.push_back(to_f32(value));
  return result;
}

/// A batch of matrices [batch, rows, columns]: maybe a slice of a larger one, maybe the transpose of what lies there.
struct Matrices {
  Tensor tensor;
  std::vector<float> values;  ///< in row-major order, as the tensor shows them
};

template <class T>
Matrices random_matrices(Context& ctx, int64_t batch, int64_t rows, int64_t columns, unsigned seed) {
  const bool swapped = pick(0, 1) == 1;
  const int64_t stored_rows = swapped ? columns : rows, stored_columns = swapped ? rows : columns;
  const int64_t above = pick<int64_t>(0, 2), below = pick<int64_t>(0, 2);
  const int64_t left = pick<int64_t>(0, 3), right = pick<int64_t>(0, 3);
  const Shape whole{batch, above + stored_rows + below, left + stored_columns + right};
  Tensor view = upload(ctx, in_type<T>(numbers(static_cast<size_t>(whole.elements()), seed)), whole);
  view = slice(ctx, view, 1, above, above + stored_rows);
  view = slice(ctx, view, 2, left, left + stored_columns);
  if (swapped) view = transpose(ctx, view);
  return {view, in_f32(read<T>(ctx, view))};
}

double element(const Matrices& m, int64_t batch, int64_t row, int64_t column) {
  const int64_t which = m.tensor.dim(0) == 1 ? 0 : batch;
  return m.values[static_cast<size_t>((which * m.tensor.dim(1) + row) * m.tensor.dim(2) + column)];
}

/// 1,000 products of a type; at least 900 of them native.
template <class T>
void expect_products_like_loops_in_f64(const std::shared_ptr<Backend>& backend) {
  Context ctx(backend);
  int native = 0;
  expect_property(
      [&] {
        // A third of them matrix times vector, which MPS has a class of its own for.
        const int64_t m = pick(0, 5) == 0 ? 1 : pick<int64_t>(1, 20), n = pick(0, 5) == 0 ? 1 : pick<int64_t>(1, 20);
        const int64_t k = pick<int64_t>(1, 40);
        const int64_t batch = pick<int64_t>(1, 3);
        const bool shared_left = pick(0, 3) == 0, shared_right = pick(0, 3) == 0, with_c = pick(0, 1) == 1;
        const specs::Matmul::Attrs attrs{.trans_a = pick(0, 1) == 1,
                                         .trans_b = pick(0, 1) == 1,
                                         .alpha = static_cast<float>(pick(-4, 4)) / 2.0f,
                                         .beta = static_cast<float>(pick(-4, 4)) / 2.0f};
        const auto seed = static_cast<unsigned>(pick(0, 1 << 20));
        const Matrices a =
            random_matrices<T>(ctx, shared_left ? 1 : batch, attrs.trans_a ? k : m, attrs.trans_a ? m : k, seed);
        const Matrices b =
            random_matrices<T>(ctx, shared_right ? 1 : batch, attrs.trans_b ? n : k, attrs.trans_b ? k : n, seed + 1);
        const int64_t count = std::max(a.tensor.dim(0), b.tensor.dim(0));
        Matrices c;
        if (with_c) c = random_matrices<T>(ctx, count, m, n, seed + 2);
        const int64_t placed_before = ctx.counters().placed.contains("matmul") ? ctx.counters().placed.at("matmul") : 0;
        const Tensor y =
            with_c ? matmul_add(ctx, a.tensor, b.tensor, c.tensor, attrs) : matmul(ctx, a.tensor, b.tensor, attrs);
        const int64_t placed = ctx.counters().placed.contains("matmul") ? ctx.counters().placed.at("matmul") : 0;
        native += placed == placed_before;
        RC_ASSERT(y.shape() == (Shape{count, m, n}));
        const std::vector<float> got = in_f32(read<T>(ctx, y));
        double largest = std::abs(double{attrs.beta});  // times the largest c
        for (const float value : got) largest = std::max(largest, double{std::abs(value)});
        for (int64_t i = 0; i < count; ++i)
          for (int64_t row = 0; row < m; ++row)
            for (int64_t column = 0; column < n; ++column) {
              double sum = 0.0;
              for (int64_t term = 0; term < k; ++term)
                sum += (attrs.trans_a ? element(a, i, term, row) : element(a, i, row, term)) *
                       (attrs.trans_b ? element(b, i, column, term) : element(b, i, term, column));
              double expected = double{attrs.alpha} * sum;
              if (with_c) expected += double{attrs.beta} * element(c, i, row, column);
              const double found = got[static_cast<size_t>((i * m + row) * n + column)];
              RC_ASSERT(std::abs(found - expected) <= allowed_error(Accuracy::product, y.dtype(), expected, largest));
            }
      },
      1000);
  EXPECT_GE(native, 900) << "of 1,000 products; the others went to the CPU";
}

TEST(MetalMatmulProperty, EqualsLoopsInF64) {
  expect_products_like_loops_in_f64<float>(metal_backend());
}

TEST(MetalMatmulProperty, EqualsLoopsInF64WithinTheRoundingOfF16) {
  expect_products_like_loops_in_f64<f16_t>(metal_backend());
}

TEST(MetalMatmulProperty, OfOurOwnKernelsEqualsLoopsInF64) {
  const auto own = open_backend({DeviceType::metal, 0}, {.threads = 2, .gemm = GemmChoice::own});
  expect_products_like_loops_in_f64<float>(own);
}

TEST(MetalMatmulProperty, OfOurOwnKernelsEqualsLoopsInF64WithinTheRoundingOfBf16) {
  expect_products_like_loops_in_f64<bf16_t>(metal_backend());
}

}  // namespace
}  // namespace temper
