#include "ops/matmul.h"

#include "conformance/record.h"

namespace temper::conformance {
namespace {

using Attrs = specs::Matmul::Attrs;

/// Up to one leading dimension, broadcast.
std::vector<Array> multiply_reference(const std::vector<Array>& in, const Attrs& attrs) {
  const Array &a = in[0], &b = in[1];
  const auto leading = [](const Array& x) { return x.shape.rank() == 3 ? x.shape[0] : 1; };
  const int64_t batch = std::max(leading(a), leading(b));
  const int64_t m = a.shape[attrs.trans_a ? -1 : -2], k = a.shape[attrs.trans_a ? -2 : -1];
  const int64_t n = b.shape[attrs.trans_b ? -2 : -1];
  const bool stacked = a.shape.rank() == 3 || b.shape.rank() == 3;
  Array y = filled(stacked ? Shape{batch, m, n} : Shape{m, n}, 0.0);
  for (int64_t s = 0; s < batch; ++s)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double total = 0;
        for (int64_t l = 0; l < k; ++l) {
          const int64_t at_a = (leading(a) == 1 ? 0 : s * m * k) + (attrs.trans_a ? l * m + i : i * k + l);
          const int64_t at_b = (leading(b) == 1 ? 0 : s * k * n) + (attrs.trans_b ? j * k + l : l * n + j);
          total += a[at_a] * b[at_b];
        }
        const int64_t at = (s * m + i) * n + j;
        y[at] = double{attrs.alpha} * total + (in.size() > 2 ? double{attrs.beta} * in[2][at] : 0.0);
      }
  return {y};
}

OpRecord matmul_record(std::string name, const Attrs& attrs, std::vector<Sample> samples) {
  return {
      .name = std::move(name),
      .samples = std::move(samples),
      .run = [attrs](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {matmul(ctx, in[0], in[1], attrs)};
      },
      .reference = [attrs](const std::vector<Array>& in) { return multiply_reference(in, attrs); },
      .differentiable = {0, 1},
      .accuracy = Accuracy::product,
      .strided_is_bit_identical = false,  // a transposed operand takes another path through the GEMM library
  };
}

}  // namespace

void register_matmul(std::vector<OpRecord>& records) {
  records.push_back(
      matmul_record("matmul", {},
                    {{"odd", {uniform({5, 7}, 1), uniform({7, 3}, 2)}},
                     {"one element", {array({1, 1}, {3}), array({1, 1}, {-0.5})}},
                     {"row by column", {uniform({1, 65}, 1), uniform({65, 1}, 2)}},
                     {"batched", {uniform({3, 4, 5}, 1), uniform({3, 5, 2}, 2)}},
                     {"batch broadcast", {uniform({3, 4, 5}, 1), uniform({5, 2}, 2)}},
                     {"no inner dimension", {uniform({2, 0}, 1), uniform({0, 3}, 2)}, false},
                     {"no rows", {uniform({0, 4}, 1), uniform({4, 3}, 2)}, false},
                     {"several slices of m", {uniform({192, 64}, 1), uniform({64, 48}, 2)}, false},
                     {"several slices of n", {uniform({48, 64}, 1), uniform({64, 192}, 2)}, false},
                     {"large and small", {array({1, 2}, {3e4, 1e-7}), array({2, 1}, {1, 1e-7})}, false}}));
  records.push_back(matmul_record("matmul trans a", {.trans_a = true, .alpha = 0.5f},
                                  {{"odd", {uniform({7, 5}, 1), uniform({7, 3}, 2)}},
                                   {"batched", {uniform({2, 6, 3}, 1), uniform({2, 6, 5}, 2)}},
                                   {"slices", {uniform({64, 192}, 1), uniform({64, 48}, 2)}, false}}));
  records.push_back(matmul_record("matmul trans b", {.trans_b = true, .alpha = -2.0f},
                                  {{"odd", {uniform({5, 7}, 1), uniform({3, 7}, 2)}},
                                   {"batched", {uniform({2, 3, 6}, 1), uniform({2, 5, 6}, 2)}},
                                   {"slices", {uniform({48, 64}, 1), uniform({192, 64}, 2)}, false}}));
  records.push_back(matmul_record("matmul both trans", {.trans_a = true, .trans_b = true},
                                  {{"odd", {uniform({7, 5}, 1), uniform({3, 7}, 2)}}}));
  // Where kernels for GPUs have been found to break.
  OpRecord large = matmul_record("matmul across 2^15", {},
                                 {{"rows", {uniform({32770, 3}, 1), uniform({3, 2}, 2)}, false},
                                  {"columns", {uniform({2, 3}, 1), uniform({3, 32770}, 2)}, false}});
  large.dtypes = {DType::f32, DType::f16};
  large.differentiable = {};
  records.push_back(large);
  OpRecord with_addend =
      matmul_record("matmul add", {.alpha = 0.5f, .beta = -1.5f},
                    {{"odd", {uniform({5, 7}, 1), uniform({7, 3}, 2), uniform({5, 3}, 3)}},
                     {"batched", {uniform({2, 3, 6}, 1), uniform({2, 6, 4}, 2), uniform({2, 3, 4}, 3)}},
                     {"no inner dimension", {uniform({2, 0}, 1), uniform({0, 3}, 2), uniform({2, 3}, 3)}, false}});
  with_addend.differentiable = {0, 1, 2};
  with_addend.run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
    return {matmul_add(ctx, in[0], in[1], in[2], {.alpha = 0.5f, .beta = -1.5f})};
  };
  records.push_back(with_addend);
}

}  // namespace temper::conformance
