#include "ops/binary.h"

#include <cmath>

#include "conformance/record.h"

namespace temper::conformance {
namespace {

struct BinaryCase {
  const char* name;
  Tensor (*op)(Context&, Tensor, Tensor);
  double (*reference)(double, double);
};

const BinaryCase kBinaryCases[] = {
    {"add", add, [](double a, double b) { return a + b; }},
    {"sub", sub, [](double a, double b) { return a - b; }},
    {"mul", mul, [](double a, double b) { return a * b; }},
    {"div", div, [](double a, double b) { return a / b; }},
    {"maximum", maximum, [](double a, double b) { return std::isnan(a) || a > b ? a : b; }},
};

/// The element of x that broadcasts to `index` of a result of rank 3.
double at(const Array& x, const std::array<int64_t, 3>& index) {
  int64_t flat = 0;
  for (int d = 0; d < x.shape.rank(); ++d) {
    const int64_t i = index[static_cast<size_t>(3 - x.shape.rank() + d)];
    flat = flat * x.shape[d] + (x.shape[d] == 1 ? 0 : i);
  }
  return x[flat];
}

/// Operands and result of rank 3 at most.
std::vector<Array> combine(const Array& a, const Array& b, double (*f)(double, double)) {
  const Shape shape = broadcast_shapes(a.shape, b.shape, "reference");
  std::array<int64_t, 3> extents = {1, 1, 1};
  for (int d = 0; d < shape.rank(); ++d) extents[static_cast<size_t>(3 - shape.rank() + d)] = shape[d];
  Array y{shape, {}};
  for (int64_t i = 0; i < extents[0]; ++i)
    for (int64_t j = 0; j < extents[1]; ++j)
      for (int64_t k = 0; k < extents[2]; ++k) y.values.push_back(f(at(a, {i, j, k}), at(b, {i, j, k})));
  return {y};
}

}  // namespace

void register_binary(std::vector<OpRecord>& records) {
  for (const BinaryCase& c : kBinaryCases)
    records.push_back({
        .name = c.name,
        .samples = {{"same shape", {uniform({3, 5, 7}, 1), uniform({3, 5, 7}, 2, 0.5, 2)}},
                    {"row vector", {uniform({3, 5, 7}, 1), uniform({7}, 2, 0.5, 2)}},
                    {"column", {uniform({5, 7}, 1), uniform({5, 1}, 2, 0.5, 2)}},
                    {"both broadcast", {uniform({3, 1, 7}, 1), uniform({5, 1}, 2, 0.5, 2)}},
                    {"scalar", {uniform({3, 2}, 1), array({}, {1.5})}},
                    {"scalars", {array({}, {-0.5}), array({}, {1.5})}},
                    {"empty", {uniform({0, 3}, 1), uniform({3}, 2)}, false},
                    {"several slices", {uniform({3, 23000}, 1), uniform({3, 23000}, 2, 0.5, 2)}, false},
                    {"extreme",
                     {array({6}, {INFINITY, -INFINITY, 6e4, 1e-40, NAN, 0}), array({6}, {2, INFINITY, 6e4, 2, 1, 3})},
                     false}},
        .run = [op = c.op](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {op(ctx, in[0], in[1])};
        },
        .reference = [f = c.reference](const std::vector<Array>& in) { return combine(in[0], in[1], f); },
        .differentiable = c.op == &maximum ? std::vector<size_t>{} : std::vector<size_t>{0, 1},
        .accuracy = Accuracy::rounded,
    });
  records.push_back({
      .name = "add i32",
      .samples = {{"rows", {ids({2, 3}, {1, -2, 3, 1 << 24, 5, 6}), ids({3}, {1, 1, 2})}}},
      .dtypes = {DType::i32},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {add(ctx, in[0], in[1])};
      },
      .reference = [](const std::vector<Array>& in) { return combine(in[0], in[1], kBinaryCases[0].reference); },
      .accuracy = Accuracy::exact,
  });
}

}  // namespace temper::conformance
