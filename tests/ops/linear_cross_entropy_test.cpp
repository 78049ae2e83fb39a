#include "ops/linear_cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/tape.h"
#include "conformance/samples.h"
#include "device/transfer.h"

namespace temper::conformance {
namespace {

TEST(LinearCrossEntropy, ATargetPastTheVocabularyIsNamedAtTheNextRead) {
  Context ctx(open_backend({}));
  const WeightHandle head = stored(ctx, weight_values(11, 4, 55), QuantType::f32);
  const Tensor x = upload(ctx, std::vector<float>(8, 0.5f), {2, 4});
  try {
    read<float>(ctx, linear_cross_entropy(ctx, x, head, upload(ctx, std::vector<int32_t>{3, 11}, {2})));
    FAIL() << "a target past the vocabulary was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
    EXPECT_NE(std::string(error.what()).find("target 11 is not below the vocabulary's 11"), std::string::npos)
        << error.what();
  }
}

TEST(LinearCrossEntropy, NotFiniteActivationsGiveALossThatIsNotFinite) {
  Context ctx(open_backend({}));
  const WeightHandle head = stored(ctx, weight_values(40, 4, 55), QuantType::f32);
  for (const float bad : {NAN, INFINITY}) {
    const Tensor x = upload(ctx, std::vector<float>{0.5f, bad, 1.0f, 0.0f}, {1, 4});
    const auto loss = read<float>(ctx, linear_cross_entropy(ctx, x, head, upload(ctx, std::vector<int32_t>{3}, {1})));
    EXPECT_FALSE(std::isfinite(loss[0]));
  }
}

TEST(LinearCrossEntropy, WithoutAVariableNoGradientIsMade) {
  Context ctx(open_backend({}));
  const WeightHandle head = stored(ctx, weight_values(11, 4, 55), QuantType::f32);
  const Tensor x = upload(ctx, std::vector<float>(8, 0.5f), {2, 4});
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor loss = linear_cross_entropy(ctx, x, head, upload(ctx, std::vector<int32_t>{3, 1}, {2}));
  EXPECT_FALSE(loss.requires_grad());
  EXPECT_EQ(tape.size(), 0u);
}

TEST(LinearCrossEntropy, ASmoothingOutsideOfZeroToOneIsRefused) {
  Context ctx(open_backend({}));
  const WeightHandle head = stored(ctx, weight_values(11, 4, 55), QuantType::f32);
  const Tensor x = upload(ctx, std::vector<float>(4), {1, 4}), target = upload(ctx, std::vector<int32_t>{3}, {1});
  EXPECT_THROW(linear_cross_entropy(ctx, x, head, target, {.label_smoothing = 1.5f}), Error);
  EXPECT_THROW(linear_cross_entropy(ctx, x, head, target, {.label_smoothing = NAN}), Error);
}

}  // namespace
}  // namespace temper::conformance
