#include "ops/kv_write.h"

#include "conformance/record.h"
#include "device/transfer.h"

namespace temper::conformance {
void register_kv_write(std::vector<OpRecord>& records) {
  records.push_back({
      .name = "kv_write",
      .samples = {{"rows", {uniform({6, 2, 3}, 1), uniform({3, 2, 3}, 2), ids({3}, {4, 0, 2})}, false},
                  {"a row twice", {uniform({3, 1, 2}, 1), uniform({3, 1, 2}, 2), ids({3}, {1, 0, 1})}, false},
                  {"none", {uniform({2, 1, 2}, 1), uniform({0, 1, 2}, 2), ids({0}, {})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        State cache(ctx, in[0]);
        kv_write_(ctx, cache, in[1], in[2]);
        return {cache.tensor()};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array cache = in[0];
        const int64_t row = cache.shape[1] * cache.shape[2];
        for (int64_t n = 0; n < in[1].shape[0]; ++n)
          for (int64_t i = 0; i < row; ++i) cache[static_cast<int64_t>(in[2][n]) * row + i] = in[1][n * row + i];
        return {cache};
      },
      .accuracy = Accuracy::exact,
  });
}

}  // namespace temper::conformance
