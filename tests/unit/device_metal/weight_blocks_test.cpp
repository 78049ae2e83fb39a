// Weights in blocks, every format: expanded bit for bit as on the host, and multiplied like the CPU does it.
#include <random>

#include "autograd/tape.h"
#include "like_cpu.h"
#include "ops/dequantize_weight.h"
#include "ops/embedding.h"
#include "ops/linear.h"
#include "ops/linear_cross_entropy.h"
#include "ops/lora_linear.h"
#include "tensor/half.h"
#include "tensor/quant.h"

namespace temper {
namespace {

using testing::expect_like_cpu;
using testing::grid_values;
using testing::metal_backend;

struct Format {
  QuantType type;
  std::vector<size_t> scales;  ///< where f16 numbers lie in a block
};

std::vector<Format> formats() {
  return {{QuantType::q4_0, {0}},    {QuantType::q4_1, {0, 2}},   {QuantType::q5_0, {0}},   {QuantType::q5_1, {0, 2}},
          {QuantType::q8_0, {0}},    {QuantType::q2_k, {80, 82}}, {QuantType::q3_k, {108}}, {QuantType::q4_k, {0, 2}},
          {QuantType::q5_k, {0, 2}}, {QuantType::q6_k, {208}}};
}

class WeightBlocks : public ::testing::TestWithParam<Format> {
 protected:
  /// Random bits, but for scales that give numbers of about 1.
  static std::shared_ptr<std::vector<std::byte>> blocks(int64_t rows, int64_t columns) {
    const QuantType type = GetParam().type;
    const BlockSize block = block_size(type);
    auto bytes = std::make_shared<std::vector<std::byte>>(stored_bytes(type, rows * columns));
    std::minstd_rand random(5);
    for (std::byte& byte : *bytes) byte = static_cast<std::byte>(random() >> 8);
    const bool wide = block.elements == 256 || type == QuantType::q8_0;
    for (size_t at = 0; at < bytes->size(); at += block.bytes)
      for (const size_t scale : GetParam().scales) {
        const f16_t value = to_f16(static_cast<float>(random() % 64 + 32) / (wide ? 65536.0f : 1024.0f));
        std::memcpy(bytes->data() + at + scale, &value.bits, sizeof value.bits);
      }
    return bytes;
  }
  static WeightHandle weight(Context& ctx, int64_t rows, int64_t columns) {
    const auto bytes = blocks(rows, columns);
    return ctx.backend().prepare_weight(
        {.name = "weight", .type = GetParam().type, .rows = rows, .columns = columns, .bytes = *bytes, .owner = bytes},
        std::nullopt);
  }
};

TEST_P(WeightBlocks, AreExpandedBitForBit) {
  Context ctx(metal_backend());
  std::vector<float> expected(static_cast<size_t>(5 * 512));
  dequantize(GetParam().type, *blocks(5, 512), expected);
  const WeightHandle w = weight(ctx, 5, 512);
  EXPECT_EQ(read<float>(ctx, dequantize_weight(ctx, w, DType::f32)), expected);
  const std::vector<float> row(expected.begin() + 3 * 512, expected.begin() + 4 * 512);
  const Tensor ids = upload(ctx, std::vector<int32_t>{3}, {1});
  EXPECT_EQ(read<float>(ctx, embedding(ctx, w, ids, DType::f32)), row);
  EXPECT_TRUE(ctx.counters().placed.empty());
}

TEST_P(WeightBlocks, AreMultipliedInTilesAndByRows) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int64_t m : {1, 4, 5, 40}) {
      SCOPED_TRACE(m);
      expect_like_cpu(type, 256, [&](Context& ctx) -> std::vector<Tensor> {
        const WeightHandle w = weight(ctx, 37, 256);
        return {linear(ctx, grid_values(ctx, type, {m, 256}, 1), w),
                linear_transposed(ctx, grid_values(ctx, type, {m, 37}, 2), w)};
      });
    }
}

TEST_P(WeightBlocks, CarryAdaptersAndLosses) {
  for (const int64_t m : {2, 34})
    expect_like_cpu(DType::f32, 256, [&](Context& ctx) -> std::vector<Tensor> {
      Tape tape;
      const Context::TapeScope on(ctx, &tape);
      const WeightHandle w = weight(ctx, 40, 256);
      const Tensor x = tape.leaf(grid_values(ctx, DType::f32, {m, 256}, 1)),
                   a = tape.leaf(grid_values(ctx, DType::f32, {3, 256}, 2)),
                   b = tape.leaf(grid_values(ctx, DType::f32, {40, 3}, 3));
      const Tensor y = lora_linear(ctx, x, a, b, w, 0.5f);
      const Tensor loss =
          linear_cross_entropy(ctx, x, w, upload(ctx, std::vector<int32_t>(static_cast<size_t>(m), 7), {m}));
      const Tensor results[] = {y, loss};
      const Tensor seeds[] = {grid_values(ctx, DType::f32, {m, 40}, 4), upload(ctx, std::vector<float>{1.0f}, {})};
      const Gradients grads = tape.backward(ctx, results, seeds);
      return {y.detached(), loss.detached(), grads.of(x), grads.of(a), grads.of(b)};
    });
}

INSTANTIATE_TEST_SUITE_P(Formats, WeightBlocks, ::testing::ValuesIn(formats()),
                         [](const auto& info) { return std::string(name_of(info.param.type)); });

}  // namespace
}  // namespace temper
