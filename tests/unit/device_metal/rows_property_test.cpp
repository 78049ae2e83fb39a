// What runs on MPS beside matmul, and the kernels around it, at random shapes, offsets, strides and types, against the
// CPU backend: softmax and its logarithm forward and backward, top-k, RMS norm, LoRA forward and backward.
#include "conformance/stored_weight.h"
#include "like_cpu.h"
#include "ops/lora_linear.h"
#include "ops/rms_norm.h"
#include "ops/softmax.h"
#include "ops/top_k.h"
#include "ops/view.h"
#include "support/property.h"

namespace temper {
namespace {

using testing::expect_like_cpu;
using testing::expect_property;
using testing::grid_values;
using testing::metal_backend;
using testing::numbers;
using testing::pick;
using testing::with_gradients;

/// [rows, columns] within something larger, or the transpose of such a part: drawn once, made on each backend.
struct Part {
  DType dtype;
  int64_t rows, columns, above, left, right;
  bool turned;
  unsigned seed;

  static Part draw(DType dtype, int64_t rows, int64_t columns) {
    return {dtype,
            rows,
            columns,
            pick<int64_t>(0, 2),
            pick<int64_t>(0, 2),
            pick<int64_t>(0, 2),
            pick(0, 2) == 0,
            static_cast<unsigned>(pick(0, 1 << 20))};
  }
  Tensor on(Context& ctx) const {
    const int64_t m = turned ? columns : rows, n = turned ? rows : columns;
    Tensor whole = grid_values(ctx, dtype, {above + m, left + n + right}, seed);
    whole = slice(ctx, slice(ctx, whole, 0, above, above + m), 1, left, left + n);
    return turned ? transpose(ctx, whole) : whole;
  }
};

DType any_type() {
  return pick(0, 1) == 0 ? DType::f32 : DType::f16;
}

void stop_at_first_failure() {
  RC_ASSERT(!::testing::Test::HasFailure());
}

TEST(MetalRowsProperty, SoftmaxAndItsGradientAreLikeTheCpus) {
  expect_property(
      [] {
        const DType type = any_type();
        const Part x = Part::draw(type, pick<int64_t>(1, 12), pick<int64_t>(1, 70));
        const bool logarithm = pick(0, 1) == 1;
        expect_like_cpu(metal_backend(), type, x.columns, [&](Context& ctx) {
          return with_gradients(
              ctx, {x.on(ctx)},
              [&](const std::vector<Tensor>& in) { return logarithm ? log_softmax(ctx, in[0]) : softmax(ctx, in[0]); },
              x.seed + 1);
        });
        stop_at_first_failure();
      },
      400);
}

TEST(MetalRowsProperty, TopKIsTheCpus) {
  expect_property(
      [] {
        const DType type = any_type();
        const Part x = Part::draw(type, pick<int64_t>(1, 6), pick<int64_t>(1, 60));
        const int64_t k = pick<int64_t>(1, std::min<int64_t>(20, x.columns));
        expect_like_cpu(metal_backend(), type, 1, [&](Context& ctx) -> std::vector<Tensor> {
          const TopK found = top_k(ctx, x.on(ctx), k);
          return {found.values, cast(ctx, found.indices, DType::f32)};
        });
        stop_at_first_failure();
      },
      200);
}

TEST(MetalRowsProperty, RmsNormAndItsGradientsAreLikeTheCpus) {
  expect_property(
      [] {
        const DType type = any_type();
        const Part x = Part::draw(type, pick<int64_t>(1, 8), pick<int64_t>(2, 70));
        expect_like_cpu(metal_backend(), type, x.columns, [&](Context& ctx) {
          const Tensor weight = grid_values(ctx, type, {x.columns}, x.seed + 2);
          return with_gradients(
              ctx, {x.on(ctx), weight},
              [&](const std::vector<Tensor>& in) { return rms_norm(ctx, in[0], in[1], 0.5f); }, x.seed + 1);
        });
        stop_at_first_failure();
      },
      200);
}

TEST(MetalRowsProperty, LoraAndItsGradientsAreLikeTheCpus) {
  expect_property(
      [] {
        const DType type = any_type();
        const int64_t m = pick<int64_t>(1, 20), in = pick<int64_t>(1, 40), out = pick<int64_t>(1, 40),
                      rank = pick<int64_t>(1, 9);
        const Part x = Part::draw(type, m, in), a = Part::draw(type, rank, in), b = Part::draw(type, out, rank);
        const float scale = static_cast<float>(pick(-4, 4)) / 2.0f;
        expect_like_cpu(metal_backend(), type, in + out, [&](Context& ctx) {
          const auto values = numbers(static_cast<size_t>(in * out), x.seed + 3);
          const WeightHandle weight = stored_weight(ctx, out, in, {values.begin(), values.end()},
                                                    type == DType::f32 ? QuantType::f32 : QuantType::f16);
          return with_gradients(
              ctx, {x.on(ctx), a.on(ctx), b.on(ctx)},
              [&](const std::vector<Tensor>& leaf) {
                return lora_linear(ctx, leaf[0], leaf[1], leaf[2], weight, scale);
              },
              x.seed + 1);
        });
        stop_at_first_failure();
      },
      300);
}

}  // namespace
}  // namespace temper
