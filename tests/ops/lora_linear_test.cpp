#include "ops/lora_linear.h"

#include <gtest/gtest.h>

#include "autograd/tape.h"
#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/cast.h"
#include "ops/reduce.h"

namespace temper::conformance {
namespace {

constexpr float kLoraScale = 1.5f;
constexpr int64_t kLoraInputs = 10, kLoraOutputs = 7, kLoraRank = 3;

Array lora_weight() {
  return uniform({kLoraOutputs, kLoraInputs}, 91, -1.0, 1.0);
}

TEST(LoraLinear, AFrozenInputCostsNoProductWithTheWeight) {
  Context ctx(open_backend({}));
  const Array x0 = uniform({3, kLoraInputs}, 1);
  const auto on_device = [&](const Array& a) {
    return upload(ctx, std::vector<float>(a.values.begin(), a.values.end()), a.shape);
  };
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor a = tape.leaf(on_device(uniform({kLoraRank, kLoraInputs}, 2)));
  const Tensor b = tape.leaf(on_device(uniform({kLoraOutputs, kLoraRank}, 3)));
  ctx.set_prefer_composites(true);  // so that every product is counted
  const Tensor loss = sum_all(ctx, lora_linear(ctx, on_device(x0), a, b, weight(ctx, lora_weight()), kLoraScale));
  const auto before = ctx.counters().composites;
  const Gradients grads = tape.backward(ctx, loss);
  EXPECT_TRUE(grads.of(a).defined() && grads.of(b).defined());
  const auto count = [](const auto& counts, const char* op) {
    const auto found = counts.find(op);
    return found == counts.end() ? int64_t{0} : found->second;
  };
  EXPECT_EQ(count(ctx.counters().composites, "linear"), count(before, "linear"));
}

TEST(LoraLinear, SaysWhatTheAdapterMustLookLike) {
  Context ctx(open_backend({}));
  const auto blank = [&](const Shape& shape) {
    return upload(ctx, std::vector<float>(static_cast<size_t>(shape.elements())), shape);
  };
  try {
    lora_linear(ctx, blank({2, kLoraInputs}), blank({3, 9}), blank({kLoraOutputs, 3}), weight(ctx, lora_weight()),
                1.0f);
    FAIL() << "a wrong adapter was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::shape_mismatch);
    EXPECT_STREQ(error.what(),
                 "lora_linear: a f32[3,9] and b f32[7,3] must be [rank,10] and [7,rank] for weight 'weight' [7,10]");
  }
}

}  // namespace
}  // namespace temper::conformance
