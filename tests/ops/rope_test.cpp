#include "ops/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "conformance/samples.h"
#include "device/transfer.h"
#include "ops/swiglu.h"

namespace temper::conformance {
namespace {

TEST(Rope, TheInverseUndoesIt) {
  Context ctx(open_backend({}));
  const Array x0 = uniform({3, 2, 8}, 5), f0 = inverse_frequencies(4);
  const Tensor x = upload(ctx, std::vector<float>(x0.values.begin(), x0.values.end()), x0.shape);
  const Tensor positions = upload(ctx, std::vector<int32_t>{0, 17, 8191}, {3});
  const Tensor frequencies = upload(ctx, std::vector<float>(f0.values.begin(), f0.values.end()), f0.shape);
  const auto back =
      read<float>(ctx, rope(ctx, rope(ctx, x, positions, frequencies), positions, frequencies, {.inverse = true}));
  for (size_t i = 0; i < back.size(); ++i) EXPECT_NEAR(back[i], x0.values[i], 1e-6);
}

TEST(Rope, AnOddHeadSizeIsRefused) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>(3), {1, 1, 3});
  const Tensor position = upload(ctx, std::vector<int32_t>{0}, {1});
  EXPECT_THROW(rope(ctx, x, position, upload(ctx, std::vector<float>{1}, {1})), Error);
}

}  // namespace
}  // namespace temper::conformance
