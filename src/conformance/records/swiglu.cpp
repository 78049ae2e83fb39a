#include "ops/swiglu.h"

#include <cmath>

#include "conformance/record.h"

namespace temper::conformance {

void register_swiglu(std::vector<OpRecord>& records) {
  records.push_back({
      .name = "swiglu",
      .samples = {{"odd", {uniform({3, 5, 7}, 1), uniform({3, 5, 7}, 2)}},
                  {"one element", {array({}, {1.5}), array({}, {-2})}},
                  {"empty", {uniform({0, 3}, 1), uniform({0, 3}, 2)}, false},
                  {"several slices", {uniform({40000}, 1), uniform({40000}, 2)}, false},
                  {"large", {array({4}, {-200, 200, -30, 30}), array({4}, {2, 2, 2, -2})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {swiglu(ctx, in[0], in[1])};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y = in[0];
        for (int64_t i = 0; i < y.elements(); ++i) y[i] *= in[1][i] / (1 + std::exp(-in[0][i]));
        return {y};
      },
      .differentiable = {0, 1},
      .accuracy = Accuracy::elementary,
  });
}

}  // namespace temper::conformance
