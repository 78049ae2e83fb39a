// That the suite, run for a report, finds what is wrong, and keeps to its time.
#include "conformance/results.h"

#include <gtest/gtest.h>

#include "conformance/run.h"
#include "ops/binary.h"

namespace temper::conformance {
namespace {

/// x + x in f32 and f64, with a reference that is `off` by so much.
OpRecord doubled(double off) {
  return {.name = "doubled",
          .samples = {{"few", {uniform({2, 3}, 1)}}, {"more", {uniform({4, 5}, 2)}}},
          .dtypes = {DType::f32, DType::f64},
          .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
            return {add(ctx, in[0], in[0])};
          },
          .reference = [off](const std::vector<Array>& in) -> std::vector<Array> {
            Array y = in[0];
            for (double& value : y.values) value = 2 * value + off;
            return {y};
          },
          .differentiable = {0}};
}

std::vector<Case> cases_of(const OpRecord& record) {
  std::vector<Case> cases;
  for (const Sample& sample : record.samples)
    for (const DType dtype : record.dtypes) cases.push_back({DeviceType::cpu, &record, &sample, dtype});
  return cases;
}

TEST(Results, AnOpThatIsRightHasNoDifferences) {
  const OpRecord record = doubled(0.0);
  const auto results = run_checks(cases_of(record), std::nullopt);
  ASSERT_EQ(results.size(), 2u);
  for (const OpResult& result : results) {
    EXPECT_TRUE(result.differences.empty()) << result.differences[0];
    EXPECT_EQ(result.checked, result.planned);
    EXPECT_GE(result.checked, 10);
  }
}

TEST(Results, AWrongResultIsNamed) {
  const OpRecord record = doubled(1.0);
  const auto results = run_checks(cases_of(record), std::nullopt);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].op, "doubled");
  EXPECT_EQ(results[0].dtype, DType::f32);
  ASSERT_EQ(results[0].differences.size(), 2u);  // forward, of either sample
  EXPECT_EQ(results[0].differences[0].find("forward, sample 'few': output 0, element 0: "), 0u)
      << results[0].differences[0];
}

TEST(Results, WhatAnOpThrowsIsADifference) {
  OpRecord record = doubled(0.0);
  record.run = [](Context&, const std::vector<Tensor>&) -> std::vector<Tensor> { throw std::runtime_error("planted"); };
  const auto results = run_checks(cases_of(record), std::nullopt);
  ASSERT_FALSE(results[0].differences.empty());
  EXPECT_NE(results[0].differences[0].find("planted"), std::string::npos);
}

TEST(Results, WithoutTimeEachOpIsStillAskedForItsResult) {
  const OpRecord record = doubled(1.0);
  for (const OpResult& result : run_checks(cases_of(record), 0.0)) {
    EXPECT_EQ(result.checked, 1);
    EXPECT_GT(result.planned, 1);
    EXPECT_EQ(result.differences.size(), 1u);
  }
}

}  // namespace
}  // namespace temper::conformance
