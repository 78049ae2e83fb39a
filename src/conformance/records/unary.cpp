#include "ops/unary.h"

#include <cmath>
#include <numbers>

#include "conformance/record.h"

namespace temper::conformance {
namespace {

using Function = double (*)(double);

struct UnaryCase {
  const char* name;
  Tensor (*op)(Context&, Tensor);
  Function reference;
  double low, high;    // where samples lie
  double extremes[4];  // outside of what is smooth or ordinary
};

const UnaryCase kUnaryCases[] = {
    {"exp", exp, [](double x) { return std::exp(x); }, -3, 3, {-INFINITY, -200, 5, 0}},
    {"log", log, [](double x) { return std::log(x); }, 0.1, 5, {0, 1, 3e4, INFINITY}},
    {"sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0.1, 5, {0, 1e-3, 6e4, INFINITY}},
    {"rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.1, 5, {1e-3, 1, 6e4, INFINITY}},
    {"tanh", tanh, [](double x) { return std::tanh(x); }, -3, 3, {-INFINITY, -50, 50, INFINITY}},
    {"sigmoid", sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -3, 3, {-INFINITY, -80, 80, INFINITY}},
    {"silu", silu, [](double x) { return x / (1 + std::exp(-x)); }, -3, 3, {-80, -20, 80, 6e4}},
    {"gelu", gelu, [](double x) { return x * 0.5 * std::erfc(-x / std::numbers::sqrt2); }, -3, 3, {-30, -10, 30, 6e4}},
    {"gelu_tanh",
     gelu_tanh,
     [](double x) {
       return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * std::pow(x, 3))));
     },
     -3,
     3,
     {-30, -20, 30, 6e4}},
};

std::vector<Array> map(const Array& x, const std::function<double(double)>& f) {
  Array y{x.shape, {}};
  for (const double value : x.values) y.values.push_back(f(value));
  return {y};
}

}  // namespace

void register_unary(std::vector<OpRecord>& records) {
  for (const UnaryCase& c : kUnaryCases)
    records.push_back({
        .name = c.name,
        .samples = {{"odd", {uniform({3, 5, 7}, 1, c.low, c.high)}},
                    {"one element", {array({}, {c.high / 2})}},
                    {"empty", {uniform({3, 0, 2}, 1)}, false},
                    {"several slices", {uniform({17000}, 2, c.low, c.high)}, false},
                    {"extreme", {array({2, 2}, {c.extremes[0], c.extremes[1], c.extremes[2], c.extremes[3]})}, false}},
        .run = [op = c.op](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {op(ctx, in[0])};
        },
        .reference = [f = c.reference](const std::vector<Array>& in) { return map(in[0], f); },
        .differentiable = {0},
        .accuracy = Accuracy::elementary,
    });
  records.push_back({
      .name = "affine",
      .samples = {{"odd", {uniform({3, 5, 7}, 1)}},
                  {"one element", {array({1}, {-1.25})}},
                  {"empty", {uniform({0}, 1)}, false},
                  {"subnormal and huge", {array({4}, {1e-40, -1e-7, 6e4, -INFINITY})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {affine(ctx, in[0], -0.75, 0.5)};
      },
      .reference = [](const std::vector<Array>& in) { return map(in[0], [](double x) { return 0.5 - 0.75 * x; }); },
      .differentiable = {0},
      .accuracy = Accuracy::elementary,
  });
}

}  // namespace temper::conformance
