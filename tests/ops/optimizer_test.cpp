#include <gtest/gtest.h>

#include <cmath>

#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/accumulate.h"
#include "ops/adamw.h"
#include "ops/view.h"

namespace temper::conformance {
namespace {

TEST(AdamW, RefusesAGradientOfAnotherShape) {
  Context ctx(open_backend({}));
  State p = State::zeros(ctx, DType::f32, {3}), m = p, v = p;
  const Tensor hyper = upload(ctx, std::vector<float>(8, 0.5f), {8});
  EXPECT_THROW(adamw_(ctx, p, m, v, upload(ctx, std::vector<float>(2), {2}), hyper), Error);
  EXPECT_THROW(adamw_(ctx, p, m, v, upload(ctx, std::vector<float>(3), {3}), upload(ctx, std::vector<float>(7), {7})),
               Error);
}

TEST(Accumulate, PastTheEndIsAnError) {
  Context ctx(open_backend({}));
  State sum = State::zeros(ctx, DType::f32, {4});
  const Tensor x = upload(ctx, std::vector<float>(3, 1.0f), {3});
  EXPECT_THROW(accumulate_(ctx, sum, 2, x), Error);
  EXPECT_THROW(accumulate_(ctx, sum, -1, x), Error);
  EXPECT_THROW(accumulate_(ctx, sum, int64_t{1} << 62, x), Error);
  accumulate_(ctx, sum, 1, x);
  EXPECT_EQ(read<float>(ctx, sum.tensor()), (std::vector<float>{0, 1, 1, 1}));
}

TEST(Accumulate, SumsIntoDifferentPartsNeedNoBarrier) {
  Context ctx(open_backend({}), {.deferred = true});
  State sum = State::zeros(ctx, DType::f32, {8});
  const Tensor x = upload(ctx, std::vector<float>(4, 1.0f), {4});
  ctx.stream().synchronize();
  const int64_t before = ctx.counters().barriers;
  accumulate_(ctx, sum, 0, x);
  accumulate_(ctx, sum, 4, x);
  EXPECT_EQ(ctx.counters().barriers, before);
  accumulate_(ctx, sum, 3, x);
  EXPECT_EQ(ctx.counters().barriers, before + 1);
  EXPECT_EQ(read<float>(ctx, sum.tensor()), (std::vector<float>{1, 1, 1, 2, 2, 2, 2, 1}));
}

}  // namespace
}  // namespace temper::conformance
