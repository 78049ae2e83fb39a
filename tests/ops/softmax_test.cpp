#include "ops/softmax.h"

#include <gtest/gtest.h>

#include <cmath>

#include "conformance/record.h"
#include "device/transfer.h"

namespace temper::conformance {
namespace {

TEST(Softmax, RowOfMinusInfinityGivesZeros) {
  Context ctx(open_backend({}));
  const float low = -INFINITY;
  const Tensor x = upload(ctx, std::vector<float>{low, low, 1, low}, {2, 2});
  EXPECT_EQ(read<float>(ctx, softmax(ctx, x)), (std::vector<float>{0, 0, 1, 0}));
}

TEST(Softmax, NaNMakesItsRowNaNAndNoOther) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{NAN, 1, 0, 0}, {2, 2});
  for (const bool composite : {false, true}) {
    ctx.set_prefer_composites(composite);
    const auto y = read<float>(ctx, softmax(ctx, x));
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
    EXPECT_EQ(y[2], 0.5f);
  }
}

TEST(Softmax, OfAScalarIsAnError) {
  Context ctx(open_backend({}));
  EXPECT_THROW(softmax(ctx, upload(ctx, std::vector<float>{1}, {})), Error);
}

}  // namespace
}  // namespace temper::conformance
