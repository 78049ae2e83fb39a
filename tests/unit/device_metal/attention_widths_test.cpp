// Attention in every width of head that it is compiled for, and between them, against the CPU backend: whole blocks of
// 8 columns, blocks cut off, several blocks of queries and keys, a cache in several parts.
#include "autograd/tape.h"
#include "like_cpu.h"
#include "ops/attention.h"

namespace temper {
namespace {

using testing::expect_like_cpu;
using testing::grid_values;

class MetalAttentionWidths : public ::testing::TestWithParam<int64_t> {};

/// Values of [-1, 1) and scores of a few units, whatever the width.
AttentionAttrs attrs_for(int64_t width) {
  return {.scale = 4.0f / static_cast<float>(width), .causal = true};
}

TEST_P(MetalAttentionWidths, ForwardAndBackwardAreLikeTheCpus) {
  const int64_t width = GetParam(), queries = 37, keys = 45;
  for (const DType type : {DType::f32, DType::f16}) {
    if (type == DType::f16 && width % 64 != 0) continue;
    SCOPED_TRACE(name_of(type));
    expect_like_cpu(type, width, [&](Context& ctx) -> std::vector<Tensor> {
      Tape tape;
      const Context::TapeScope on(ctx, &tape);
      const Tensor q = tape.leaf(grid_values(ctx, type, {queries, 4, width}, 1)),
                   k = tape.leaf(grid_values(ctx, type, {keys, 2, width}, 2)),
                   v = tape.leaf(grid_values(ctx, type, {keys, 2, width}, 3));
      // Two documents, the first on top of a cache of 8.
      const Tensor segments = upload(ctx, std::vector<int32_t>{0, 20, 0, 28, 20, 37, 28, 45}, {2, 4});
      const Tensor y = attention(ctx, q, k, v, segments, attrs_for(width));
      const Tensor dy = grid_values(ctx, type, y.shape(), 4);
      const Gradients grads = tape.backward(ctx, {&y, 1}, {&dy, 1});
      return {y.detached(), grads.of(q), grads.of(k), grads.of(v)};
    });
  }
}

TEST_P(MetalAttentionWidths, DecodingIsLikeTheCpus) {
  const int64_t width = GetParam(), keys = 300;
  expect_like_cpu(DType::f32, width, [&](Context& ctx) -> std::vector<Tensor> {
    const Tensor q = grid_values(ctx, DType::f32, {2, 4, width}, 1),
                 k = grid_values(ctx, DType::f32, {keys, 2, width}, 2),
                 v = grid_values(ctx, DType::f32, {keys, 2, width}, 3);
    const Tensor segments = upload(ctx, std::vector<int32_t>{0, 1, 0, 290, 1, 2, 290, 300}, {2, 4});
    return {attention(ctx, q, k, v, segments, attrs_for(width))};
  });
}

INSTANTIATE_TEST_SUITE_P(Heads, MetalAttentionWidths, ::testing::Values(8, 16, 20, 40, 64, 96, 128, 200, 256),
                         [](const auto& info) { return std::to_string(info.param); });

}  // namespace
}  // namespace temper
