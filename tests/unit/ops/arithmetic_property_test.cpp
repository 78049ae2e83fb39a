// Element-wise, row-wise and matrix ops at arbitrary shapes and strides against plain f64 loops.
#include <algorithm>
#include <cmath>
#include <random>

#include "conformance/tolerance.h"
#include "device/transfer.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "support/property.h"

namespace temper {
namespace {

using testing::expect_property;
using testing::pick;

/// A tensor on the device, possibly a strided view, and its elements in row-major order.
struct Operand64 {
  Tensor tensor;
  std::vector<double> values;
};

Context& context() {
  static Context ctx(open_backend({}, {.threads = 2}));
  return ctx;
}

Operand64 some_operand(const Shape& shape) {
  std::mt19937 random(pick<uint32_t>(0, 1u << 30));
  std::uniform_real_distribution<float> uniform(-2.0f, 2.0f);
  // The view lies in a larger array whose dimensions are permuted and padded at random.
  std::vector<int> order(static_cast<size_t>(shape.rank()));
  for (size_t d = 0; d < order.size(); ++d) order[d] = static_cast<int>(d);
  std::ranges::shuffle(order, random);
  std::vector<int64_t> extents;
  for (const int d : order) extents.push_back(shape[d] + pick<int64_t>(0, 1));
  const Shape stored(extents);
  std::vector<float> data(static_cast<size_t>(stored.elements()));
  for (float& x : data) x = uniform(random);
  Layout layout = Layout::contiguous(stored);
  Layout view{shape, {}, 0};
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t slack = extents[i] - shape[order[i]];
    view.strides[static_cast<size_t>(order[i])] = layout.strides[i];
    view.offset += slack * layout.strides[i];
  }
  if (shape.elements() == 0) view.offset = 0;
  Operand64 operand{upload(context(), data, stored).with_layout(view), {}};
  std::vector<int64_t> index(static_cast<size_t>(shape.rank()), 0);
  for (int64_t i = 0; i < shape.elements(); ++i) {
    int64_t at = view.offset;
    for (size_t d = 0; d < index.size(); ++d) at += index[d] * view.strides[d];
    operand.values.push_back(double{data[static_cast<size_t>(at)]});
    for (int d = shape.rank() - 1; d >= 0; --d) {
      if (++index[static_cast<size_t>(d)] < shape[d]) break;
      index[static_cast<size_t>(d)] = 0;
    }
  }
  return operand;
}

void expect_close(const Tensor& got, const std::vector<double>& want, Accuracy accuracy) {
  const std::vector<float> values = read<float>(context(), got);
  RC_ASSERT(values.size() == want.size());
  double largest = 0.0;
  for (const double x : want) largest = std::max(largest, std::abs(x));
  for (size_t i = 0; i < want.size(); ++i) {
    RC_LOG() << "element " << i << ": " << values[i] << " instead of " << want[i] << '\n';
    RC_ASSERT(std::abs(double{values[i]} - want[i]) <= allowed_error(accuracy, DType::f32, want[i], largest));
  }
}

/// Shape `full` with some extents replaced by 1 and some leading dimensions dropped: it broadcasts to `full`.
Shape part_of(const Shape& full) {
  std::vector<int64_t> extents;
  for (int d = pick(0, full.rank()); d < full.rank(); ++d) extents.push_back(pick(0, 2) == 0 ? 1 : full[d]);
  return Shape(extents);
}

Shape some_shape(int max_rank, int64_t max_extent) {
  std::vector<int64_t> extents;
  for (int d = pick(0, max_rank); d > 0; --d) extents.push_back(pick<int64_t>(pick(0, 10) == 0 ? 0 : 1, max_extent));
  return Shape(extents);
}

/// Which element of a row-major `shape` element `i` of row-major `full` reads under numpy's rule.
size_t broadcast_index(int64_t i, const Shape& full, const Shape& shape) {
  int64_t at = 0, step = 1;
  for (int d = 1; d <= full.rank(); ++d) {
    const int64_t index = i % full[-d];
    i /= full[-d];
    if (d > shape.rank()) continue;
    at += (shape[-d] == 1 ? 0 : index) * step;
    step *= shape[-d];
  }
  return static_cast<size_t>(at);
}

TEST(ArithmeticProperty, BinaryOpsBroadcastLikeNumpy) {
  expect_property([] {
    const Shape full = some_shape(5, 5);
    const Operand64 a = some_operand(part_of(full)), b = some_operand(part_of(full));
    const Shape result = broadcast_shapes(a.tensor.shape(), b.tensor.shape(), "test");
    std::vector<double> sums, products;
    for (int64_t i = 0; i < result.elements(); ++i) {
      const double x = a.values[broadcast_index(i, result, a.tensor.shape())],
                   y = b.values[broadcast_index(i, result, b.tensor.shape())];
      sums.push_back(x + y);
      products.push_back(x * y);
    }
    const Tensor sum = add(context(), a.tensor, b.tensor);
    RC_ASSERT(sum.shape() == result);
    expect_close(sum, sums, Accuracy::rounded);
    expect_close(mul(context(), a.tensor, b.tensor), products, Accuracy::rounded);
  });
}

TEST(ArithmeticProperty, SumToUndoesBroadcasting) {
  expect_property([] {
    const Operand64 x = some_operand(some_shape(4, 6));
    const Shape target = part_of(x.tensor.shape());
    std::vector<double> want(static_cast<size_t>(target.elements()), 0.0);
    for (size_t i = 0; i < x.values.size(); ++i)
      want[broadcast_index(static_cast<int64_t>(i), x.tensor.shape(), target)] += x.values[i];
    const Tensor got = sum_to(context(), x.tensor, target);
    RC_ASSERT(got.shape() == target);
    expect_close(got, want, Accuracy::reduction);
  });
}

TEST(ArithmeticProperty, MatmulIsThreeLoops) {
  expect_property([] {
    const auto m = pick<int64_t>(0, 20), n = pick<int64_t>(0, 20), k = pick<int64_t>(0, 40);
    const bool trans_a = pick(0, 1), trans_b = pick(0, 1);
    const auto alpha = static_cast<float>(pick(-4, 4)) * 0.5f;
    const Shape batch = some_shape(2, 3);
    const auto matrix = [](const Shape& lead, int64_t rows, int64_t columns) {
      std::vector<int64_t> extents(lead.begin(), lead.end());
      extents.insert(extents.end(), {rows, columns});
      return Shape(extents);
    };
    const Shape batch_a = part_of(batch), batch_b = part_of(batch);
    const Operand64 a = some_operand(trans_a ? matrix(batch_a, k, m) : matrix(batch_a, m, k));
    const Operand64 b = some_operand(trans_b ? matrix(batch_b, n, k) : matrix(batch_b, k, n));
    const Shape lead = broadcast_shapes(batch_a, batch_b, "test");
    std::vector<double> want;
    for (int64_t i = 0; i < lead.elements(); ++i) {
      const double* x = a.values.data() + static_cast<int64_t>(broadcast_index(i, lead, batch_a)) * m * k;
      const double* y = b.values.data() + static_cast<int64_t>(broadcast_index(i, lead, batch_b)) * k * n;
      for (int64_t r = 0; r < m; ++r)
        for (int64_t c = 0; c < n; ++c) {
          double sum = 0.0;
          for (int64_t j = 0; j < k; ++j)
            sum += x[trans_a ? j * m + r : r * k + j] * y[trans_b ? c * k + j : j * n + c];
          want.push_back(double{alpha} * sum);
        }
    }
    const Tensor got = matmul(context(), a.tensor, b.tensor, {.trans_a = trans_a, .trans_b = trans_b, .alpha = alpha});
    RC_ASSERT(got.shape() == matrix(lead, m, n));
    expect_close(got, want, Accuracy::product);
  });
}

TEST(ArithmeticProperty, SoftmaxRowsAreProbabilities) {
  expect_property([] {
    std::vector<int64_t> extents;
    for (int d = pick(0, 3); d > 0; --d) extents.push_back(pick<int64_t>(0, 4));
    const auto width = pick<int64_t>(1, 70);
    extents.push_back(width);
    const Operand64 x = some_operand(Shape(extents));
    std::vector<double> want, logarithms;
    for (size_t row = 0; row < x.values.size(); row += static_cast<size_t>(width)) {
      const auto begin = x.values.begin() + static_cast<std::ptrdiff_t>(row);
      const double top = *std::max_element(begin, begin + width);
      double total = 0.0;
      for (int64_t i = 0; i < width; ++i) total += std::exp(begin[i] - top);
      for (int64_t i = 0; i < width; ++i) {
        want.push_back(std::exp(begin[i] - top) / total);
        logarithms.push_back(begin[i] - top - std::log(total));
      }
    }
    expect_close(softmax(context(), x.tensor), want, Accuracy::normalised);
    expect_close(log_softmax(context(), x.tensor), logarithms, Accuracy::normalised);
  });
}

}  // namespace
}  // namespace temper
