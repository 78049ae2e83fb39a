#include "bench/limits.h"

#include <gtest/gtest.h>

#include "bench/run.h"

namespace temper::bench {
namespace {

Case case_of(double flops, double bytes) {
  Case c;
  c.op = "op";
  c.flops = flops;
  c.bytes = bytes;
  return c;
}

TEST(Limits, TheSlowerOfProductsAndBytesCounts) {
  const Limits limits(1e9, {4e9, 2e9, 1.5e9, 1e9});
  EXPECT_DOUBLE_EQ(limits.seconds(case_of(1e9, 1e3)), 1.0);
  EXPECT_DOUBLE_EQ(limits.seconds(case_of(1, 1e9)), 1.0);        // from memory
  EXPECT_DOUBLE_EQ(limits.seconds(case_of(1, 15e6)), 1e-2);      // from the last cache
  EXPECT_DOUBLE_EQ(limits.seconds(case_of(1, 2e6)), 1e-3);       // from the far cache
  EXPECT_DOUBLE_EQ(limits.seconds(case_of(1, 2e5)), 2e5 / 4e9);  // from the near one
  EXPECT_DOUBLE_EQ(limits.share(case_of(1e9, 1e3), 4.0), 0.25);
}

TEST(Limits, ALevelEndsWhereItsBytesDo) {
  const Limits limits(1e9, {4e9, 3e9, 2e9, 1e9});
  const std::array<double, 4> bandwidth = limits.bytes_per_s();
  for (size_t level = 0; level < Limits::kCacheBytes.size(); ++level) {
    const double most = Limits::kCacheBytes[level];
    EXPECT_DOUBLE_EQ(limits.seconds(case_of(0, most)), most / bandwidth[level]);
    EXPECT_DOUBLE_EQ(limits.seconds(case_of(0, most + 1)), (most + 1) / bandwidth[level + 1]);
  }
}

TEST(Limits, NothingIsFasterThanWhatWasMeasured) {
  Limits limits(1e9, {4e9, 2e9, 1.5e9, 1e9});
  const std::vector<Case> cases = {case_of(2e9, 1e3), case_of(1e9, 1e3)};
  std::vector<Result> results(2);
  results[0].batched.median = 0.5;  // four times the limit
  results[1].batched.median = 1.0;
  apply_limits(limits, cases, results);
  EXPECT_DOUBLE_EQ(limits.flops_per_s(), 4e9);
  EXPECT_DOUBLE_EQ(results[0].limit_share, 1.0);
  EXPECT_DOUBLE_EQ(results[1].limit_share, 0.25);
}

TEST(Limits, AreMeasuredOnADevice) {
  Context ctx(open_backend({}));
  const Limits limits = measure_limits(ctx, DType::f32, 2, true);
  EXPECT_GT(limits.flops_per_s(), 0);
  for (const double bandwidth : limits.bytes_per_s()) EXPECT_GT(bandwidth, 0);
}

}  // namespace
}  // namespace temper::bench
