// pick, gather_rows, scatter_add_rows, argmax, top_k.
#include <algorithm>
#include <numeric>

#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/argmax.h"
#include "ops/gather_rows.h"
#include "ops/pick.h"
#include "ops/top_k.h"

namespace temper::conformance {
namespace {

/// Stable descending order of one row.
std::vector<int64_t> descending(const Array& x, int64_t begin, int64_t d) {
  std::vector<int64_t> order(static_cast<size_t>(d));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int64_t a, int64_t b) { return x[begin + a] > x[begin + b]; });
  return order;
}

}  // namespace

void register_indexing(std::vector<OpRecord>& records) {
  records.push_back({
      .name = "pick",
      .samples = {{"odd", {uniform({5, 7}, 1), ids({5}, {6, 0, -1, 3, 3})}},
                  {"one element", {array({1, 1}, {2}), ids({1}, {0})}},
                  {"no rows", {uniform({0, 7}, 1), ids({0}, {})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {pick(ctx, in[0], in[1])};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y = filled(in[1].shape, 0);
        for (int64_t i = 0; i < y.elements(); ++i)
          if (in[1][i] >= 0) y[i] = in[0][i * in[0].shape[1] + static_cast<int64_t>(in[1][i])];
        return {y};
      },
      .differentiable = {0},
      .accuracy = Accuracy::exact,
  });
  records.push_back({
      .name = "gather_rows",
      .samples = {{"odd", {uniform({4, 3, 5}, 1), ids({6}, {3, 0, 0, 2, 3, 0})}},
                  {"vector", {uniform({4}, 1), ids({2}, {3, 1})}},
                  {"no ids", {uniform({4, 2}, 1), ids({0}, {})}, false},
                  {"empty rows", {uniform({4, 0}, 1), ids({2}, {3, 1})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {gather_rows(ctx, in[0], in[1])};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Shape shape = in[0].shape;
        shape.set(0, in[1].elements());
        const int64_t row = in[0].elements() / in[0].shape[0];
        Array y{shape, {}};
        for (const double id : in[1].values)
          for (int64_t i = 0; i < row; ++i) y.values.push_back(in[0][static_cast<int64_t>(id) * row + i]);
        return {y};
      },
      .differentiable = {0},
      .accuracy = Accuracy::reduction,  // the gradient sums
  });
  records.push_back({
      .name = "scatter_add_rows",
      .samples = {{"odd", {uniform({6, 3, 5}, 1), ids({6}, {3, 0, 0, 2, 3, 0})}},
                  {"wide", {uniform({3, 300}, 1), ids({3}, {4, 1, 4})}},
                  {"several slices",
                   {uniform({300, 70}, 1), ids({300},
                                               [] {
                                                 std::vector<double> values;
                                                 for (int i = 0; i < 300; ++i) values.push_back(i * i % 5);
                                                 return values;
                                               }())},
                   false},
                  {"nothing", {uniform({0, 2}, 1), ids({0}, {})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {scatter_add_rows(ctx, in[0], in[1], 5)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Shape shape = in[0].shape;
        shape.set(0, 5);
        Array y = filled(shape, 0);
        const int64_t row = y.elements() / 5;
        for (int64_t n = 0; n < in[1].elements(); ++n)
          for (int64_t i = 0; i < row; ++i) y[static_cast<int64_t>(in[1][n]) * row + i] += in[0][n * row + i];
        return {y};
      },
      .differentiable = {0},
      .accuracy = Accuracy::reduction,
  });
  const std::vector<Sample> rows = {{"odd", {uniform({3, 5, 7}, 1)}},
                                    {"one element", {array({1}, {2})}},
                                    {"ties", {array({2, 4}, {1, 3, 3, 0, 2, 2, 2, 2})}},
                                    {"infinite", {array({2, 2}, {-INFINITY, -INFINITY, -6e4, INFINITY})}},
                                    {"no rows", {uniform({0, 3}, 1)}},
                                    {"several slices", {uniform({300, 70}, 1)}}};
  records.push_back({
      .name = "argmax",
      .samples = rows,
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {argmax(ctx, in[0])}; },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        const int64_t d = in[0].shape[-1];
        Array y{Shape(in[0].shape.extents().first(static_cast<size_t>(in[0].shape.rank() - 1))), {}};
        for (int64_t begin = 0; begin < in[0].elements(); begin += d)
          y.values.push_back(static_cast<double>(descending(in[0], begin, d)[0]));
        return {y};
      },
      .accuracy = Accuracy::exact,
  });
  for (const bool all : {false, true})
    records.push_back({
        .name = all ? "top_k of all" : "top_1",
        .samples = rows,
        .run = [all](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          const TopK top = top_k(ctx, in[0], all ? in[0].dim(-1) : 1);
          return {top.values, top.indices};
        },
        .reference = [all](const std::vector<Array>& in) -> std::vector<Array> {
          const int64_t d = in[0].shape[-1], k = all ? d : 1;
          Shape shape = in[0].shape;
          shape.set(-1, k);
          Array values{shape, {}}, indices{shape, {}};
          for (int64_t begin = 0; begin < in[0].elements(); begin += d) {
            const auto order = descending(in[0], begin, d);
            for (int64_t i = 0; i < k; ++i) {
              values.values.push_back(in[0][begin + order[static_cast<size_t>(i)]]);
              indices.values.push_back(static_cast<double>(order[static_cast<size_t>(i)]));
            }
          }
          return {values, indices};
        },
        .accuracy = Accuracy::exact,
    });
}

}  // namespace temper::conformance
