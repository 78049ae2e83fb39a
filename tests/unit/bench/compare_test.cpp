#include "bench/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/fail.h"
#include "bench/results.h"

namespace temper::bench {
namespace {

Result timed(const std::string& op, double low, double median, double high) {
  Result result;
  result.op = op;
  result.shape = "2 x 3";
  result.dtype = "f32";
  result.batched = {median, low, high, 9};
  return result;
}

OrderedJson run_of(const std::vector<Result>& results, const std::string& dtype = "f32") {
  OrderedJson cases = OrderedJson::array();
  for (const Result& result : results) cases.push_back(to_json(result));
  return {{"device", "CPU"}, {"dtype", dtype}, {"cases", cases}};
}

Json file_of(const OrderedJson& json) {
  return Json::parse(json.dump());
}

const RunKind kKind{"CPU", "f32", ""};

TEST(Compare, OnlyChangesBeyondBothSpreadsCount) {
  const Json old_file =
      file_of(run_of({timed("same", 0.9, 1, 1.1), timed("slower", 0.9, 1, 1.1), timed("noisy", 0.9, 1, 2.0),
                      timed("faster", 0.9, 1, 1.1), timed("little", 0.99, 1, 1.01), timed("gone", 1, 1, 1)}));
  const std::vector<Result> results = {timed("same", 0.95, 1.05, 1.2),    timed("slower", 1.3, 1.4, 1.5),
                                       timed("noisy", 1.3, 1.4, 1.5),     timed("faster", 0.4, 0.5, 0.6),
                                       timed("little", 1.02, 1.04, 1.05), timed("new", 1, 1, 1)};
  const Comparison comparison = compare(old_file, results, kKind);
  EXPECT_EQ(comparison.compared, 5);
  ASSERT_EQ(comparison.slower.size(), 1u);
  EXPECT_EQ(comparison.slower[0].name, "slower 2 x 3 f32");
  EXPECT_DOUBLE_EQ(comparison.slower[0].ratio, 1.4);
  ASSERT_EQ(comparison.faster.size(), 1u);
  EXPECT_EQ(comparison.faster[0].name, "faster 2 x 3 f32");
  EXPECT_EQ(comparison.missing, std::vector<std::string>{"gone 2 x 3 f32"});
  EXPECT_EQ(comparison.other_device, "");
  EXPECT_EQ(compare(old_file, results, {"another CPU", "f32", ""}).other_device, "CPU");
  EXPECT_EQ(to_json(comparison)["slower"], OrderedJson::parse(R"([{"name": "slower 2 x 3 f32", "ratio": 1.4}])"));
}

TEST(Compare, WhatTheFilterLeavesOutIsNotMissing) {
  const Json old_file = file_of(run_of({timed("softmax", 1, 1, 1), timed("lora", 1, 1, 1)}));
  const Comparison comparison = compare(old_file, {timed("lora", 1, 1, 1)}, {"CPU", "f32", "lora"});
  EXPECT_EQ(comparison.compared, 1);
  EXPECT_TRUE(comparison.missing.empty());
}

TEST(Compare, RunsBesideSeveralPeersCountAsOneOfTheirType) {
  const Json old_file = file_of({{"about", "a machine"},
                                 {"ops",
                                  {run_of({timed("op", 0.9, 1, 1.1)}), run_of({timed("op", 0.1, 0.1, 0.1)}, "bf16"),
                                   run_of({timed("op", 1.3, 1.4, 1.5)})}}});
  EXPECT_TRUE(compare(old_file, {timed("op", 1.4, 1.45, 1.6)}, kKind).slower.empty());  // the second run was as slow
  EXPECT_EQ(compare(old_file, {timed("op", 1.6, 1.7, 1.8)}, kKind).slower.size(), 1u);
  EXPECT_EQ(compare(old_file, {timed("op", 0.2, 0.2, 0.2)}, {"CPU", "bf16", ""}).slower.size(), 1u);
  try {
    compare(old_file, {}, {"CPU", "f16", ""});
    FAIL() << "there is no run in f16";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--dtype"), std::string::npos) << error.what();
  }
}

TEST(Compare, WhatSeemsSlowerIsMeasuredAgain) {
  const Json old_file =
      file_of(run_of({timed("busy", 0.9, 1, 1.1), timed("worse", 0.9, 1, 1.1), timed("same", 0.9, 1, 1.1)}));
  std::vector<Result> results = {timed("same", 0.9, 1, 1.1), timed("worse", 1.9, 2, 2.1), timed("busy", 1.9, 2, 2.1)};
  std::vector<size_t> measured;
  const Comparison comparison = compare_and_confirm(old_file, results, kKind, [&](size_t i) {
    measured.push_back(i);
    return i == 2 ? timed("busy", 0.9, 1, 1.1) : timed("worse", 1.7, 1.8, 1.9);
  });
  EXPECT_EQ(measured, (std::vector<size_t>{2, 1}));
  ASSERT_EQ(comparison.slower.size(), 1u);
  EXPECT_EQ(comparison.slower[0].name, "worse 2 x 3 f32");
  EXPECT_DOUBLE_EQ(results[2].batched.median, 1);  // the second result stands
  EXPECT_DOUBLE_EQ(results[1].batched.median, 2);  // confirmed
}

// Equal programs whose samples scatter independently. Drift between runs, which real machines have, isn't in this.
TEST(Compare, SeldomTakesIndependentNoiseForAChange) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> sample(0, 0.2);  // so wide that the 5 % hardly matter
  const auto measure = [&] {
    std::vector<double> seconds(9);
    for (double& second : seconds) second = sample(random);
    Result result = timed("op", 0, 0, 0);
    result.batched = summarise(seconds);
    return result;
  };
  constexpr int trials = 5000;
  int slower = 0, confirmed = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Json old_file = file_of(run_of({measure()}));
    std::vector<Result> results = {measure()};
    slower += static_cast<int>(compare(old_file, results, kKind).slower.size());
    confirmed += static_cast<int>(
        compare_and_confirm(old_file, results, kKind, [&](size_t) { return measure(); }).slower.size());
  }
  RecordProperty("slower", slower);
  RecordProperty("confirmed", confirmed);
  EXPECT_LE(slower, trials * 2 / 1000);
  EXPECT_LE(confirmed, slower);
}

TEST(Compare, AnotherFileIsRefused) {
  EXPECT_THROW(compare(Json::parse(R"({"device": "CPU", "dtype": "f32", "cases": [{"op": 1}]})"), {}, kKind), Error);
  EXPECT_THROW(compare(Json::parse("[]"), {}, kKind), Error);
  EXPECT_THROW(compare(Json::parse(R"({"ops": 3})"), {}, kKind), Error);
}

}  // namespace
}  // namespace temper::bench
