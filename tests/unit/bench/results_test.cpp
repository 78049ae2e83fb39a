#include "bench/results.h"

#include <gtest/gtest.h>

#include "base/fail.h"

namespace temper::bench {
namespace {

Result result_of(const std::string& op, double low, double median, double high) {
  Result result;
  result.op = op;
  result.shape = "2 x 3";
  result.dtype = "f32";
  result.flops = 1e6;
  result.bytes = 1e3;
  result.batched = {median, low, high, 9};
  result.calls = 4;
  result.limit_share = 0.5;
  return result;
}

Json file_of(const std::vector<Result>& results) {
  OrderedJson cases = OrderedJson::array();
  for (const Result& result : results) cases.push_back(to_json(result));
  return Json::parse(OrderedJson({{"cases", cases}}).dump());
}

TEST(Results, TimesHaveUnits) {
  EXPECT_EQ(time_text(12.34e-6), "12.3 us");
  EXPECT_EQ(time_text(12.34e-3), "12.34 ms");
  EXPECT_EQ(time_text(2.5), "2.50 s");
}

TEST(Results, ARowSaysRateLimitAndPeer) {
  Result result = result_of("lora", 0.9e-3, 1e-3, 1.1e-3);
  result.peer = Timing{2e-3, 2e-3, 2e-3, 9};
  const std::string row = table_row(result, false, true);
  for (const char* part : {"lora", "2 x 3", "1.00 ms", "20%", "1.0 GFLOP/s", "50%", "2.00x"})
    EXPECT_NE(row.find(part), std::string::npos) << part << " in: " << row;
  result.peer.reset();
  result.peer_skipped = "no such op";
  EXPECT_NE(table_row(result, false, true).find("(no such op)"), std::string::npos);
}

TEST(Results, OnlyChangesBeyondBothSpreadsCount) {
  const Json old_file =
      file_of({result_of("same", 0.9, 1, 1.1), result_of("slower", 0.9, 1, 1.1), result_of("noisy", 0.9, 1, 2.0),
               result_of("faster", 0.9, 1, 1.1), result_of("little", 0.99, 1, 1.01), result_of("gone", 1, 1, 1)});
  const Comparison comparison =
      compare(old_file, {result_of("same", 0.95, 1.05, 1.2), result_of("slower", 1.3, 1.4, 1.5),
                         result_of("noisy", 1.3, 1.4, 1.5), result_of("faster", 0.4, 0.5, 0.6),
                         result_of("little", 1.02, 1.04, 1.05), result_of("new", 1, 1, 1)});
  EXPECT_EQ(comparison.compared, 5);
  ASSERT_EQ(comparison.slower.size(), 1u);
  EXPECT_EQ(comparison.slower[0].name, "slower 2 x 3 f32");
  EXPECT_DOUBLE_EQ(comparison.slower[0].ratio, 1.4);
  ASSERT_EQ(comparison.faster.size(), 1u);
  EXPECT_EQ(comparison.faster[0].name, "faster 2 x 3 f32");
  EXPECT_EQ(comparison.missing, std::vector<std::string>{"gone 2 x 3 f32"});
}

TEST(Results, AnotherFileIsRefused) {
  EXPECT_THROW(compare(Json::parse(R"({"cases": [{"op": 1}]})"), {}), Error);
  EXPECT_THROW(compare(Json::parse("[]"), {}), Error);
}

}  // namespace
}  // namespace temper::bench
