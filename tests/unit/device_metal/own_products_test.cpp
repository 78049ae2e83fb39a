// Our own products against the CPU backend: tiles of both sizes, stacks, and the launches that are made of several.
#include "autograd/tape.h"
#include "conformance/stored_weight.h"
#include "like_cpu.h"
#include "ops/linear_cross_entropy.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"

namespace temper {
namespace {

using testing::expect_like_cpu;
using testing::grid_values;
using testing::numbers;

/// A weight of a dense type.
WeightHandle weight(Context& ctx, QuantType type, int64_t rows, int64_t columns) {
  const auto some = numbers(static_cast<size_t>(rows * columns), 77);
  return stored_weight(ctx, rows, columns, {some.begin(), some.end()}, type);
}

constexpr DType kTypes[] = {DType::f32, DType::f16, DType::bf16};

TEST(MetalOwnProducts, TilesOfBothSizesWithEdges) {
  for (const DType type : kTypes)
    for (const auto& [m, n, k] :
         {std::array<int64_t, 3>{33, 65, 17}, {64, 64, 64}, {100, 40, 50}, {130, 33, 1}, {1, 70, 9}}) {
      SCOPED_TRACE(std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k));
      for (const bool turned : {false, true})
        expect_like_cpu(type, k, [&](Context& ctx) -> std::vector<Tensor> {
          const Shape left = turned ? Shape{k, m} : Shape{m, k}, right = turned ? Shape{n, k} : Shape{k, n};
          return {matmul(ctx, grid_values(ctx, type, left, 1), grid_values(ctx, type, right, 2),
                         {.trans_a = turned, .trans_b = turned, .alpha = 0.5f})};
        });
    }
}

TEST(MetalOwnProducts, StacksThatFoldAndStacksThatDoNot) {
  for (const auto& [left, right] :
       {std::pair<Shape, Shape>{{2, 3, 5, 6}, {6, 7}}, {{2, 1, 5, 6}, {3, 6, 7}}, {{5, 6}, {2, 2, 6, 7}}})
    expect_like_cpu(DType::f32, 6, [&](Context& ctx) -> std::vector<Tensor> {
      return {matmul(ctx, grid_values(ctx, DType::f32, left, 1), grid_values(ctx, DType::f32, right, 2))};
    });
}

TEST(MetalOwnProducts, LoraForwardAndBackwardOfLargeTiles) {
  for (const DType type : kTypes)
    for (const DType adapter : {DType::f32, type})
      for (const QuantType stored : {QuantType::f32, QuantType::f16, QuantType::bf16}) {
        SCOPED_TRACE(std::string(name_of(type)) + " with an adapter of " + std::string(name_of(adapter)));
        expect_like_cpu(type, 70, [&](Context& ctx) -> std::vector<Tensor> {
          Tape tape;
          const Context::TapeScope on(ctx, &tape);
          const Tensor x = tape.leaf(grid_values(ctx, type, {50, 40}, 1)),
                       a = tape.leaf(grid_values(ctx, adapter, {5, 40}, 2)),
                       b = tape.leaf(grid_values(ctx, adapter, {70, 5}, 3));
          const Tensor y = lora_linear(ctx, x, a, b, weight(ctx, stored, 70, 40), 1.5f);
          const Tensor seed = grid_values(ctx, type, {50, 70}, 4);
          const Gradients grads = tape.backward(ctx, {&y, 1}, {&seed, 1});
          return {y.detached(), grads.of(x), grads.of(a), grads.of(b)};
        });
      }
}

TEST(MetalOwnProducts, CrossEntropyInSeveralChunksOfTheVocabulary) {
  constexpr int64_t rows = 1500, vocabulary = 1500, width = 8;  // 2^21 logits a chunk
  std::vector<int32_t> targets(rows);
  for (size_t i = 0; i < targets.size(); ++i) targets[i] = i % 7 == 3 ? -1 : static_cast<int32_t>(i * 401 % vocabulary);
  for (const float smoothing : {0.0f, 0.1f})
    expect_like_cpu(DType::f32, vocabulary, [&](Context& ctx) -> std::vector<Tensor> {
      Tape tape;
      const Context::TapeScope on(ctx, &tape);
      const Tensor x = tape.leaf(grid_values(ctx, DType::f32, {rows, width}, 1));
      const WeightHandle head = weight(ctx, QuantType::bf16, vocabulary, width);
      const Tensor ids = upload(ctx, targets, {rows});
      const Tensor loss = linear_cross_entropy(ctx, x, head, ids, {.label_smoothing = smoothing});
      const Tensor by_row = linear_cross_entropy_rows(ctx, x, head, ids, {.label_smoothing = smoothing});
      const Tensor one = upload(ctx, std::vector<float>{1.0f}, {});
      const Gradients grads = tape.backward(ctx, {&loss, 1}, {&one, 1});
      return {loss.detached(), by_row, grads.of(x)};
    });
}

}  // namespace
}  // namespace temper
