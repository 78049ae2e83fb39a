#include "bench/results.h"

#include <gtest/gtest.h>

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

TEST(Results, JsonHasEveryNumber) {
  Result result = result_of("lora", 0.9e-3, 1e-3, 1.1e-3);
  result.device = Timing{0.5e-3, 0.5e-3, 0.5e-3, 9};
  result.alone = Timing{3e-3, 3e-3, 3e-3, 9};
  result.peer = Timing{2e-3, 2e-3, 2e-3, 9};
  const OrderedJson json = to_json(result);
  EXPECT_EQ(json["op"], "lora");
  EXPECT_EQ(json["seconds"], (OrderedJson{{"median", 1e-3}, {"p10", 0.9e-3}, {"p90", 1.1e-3}, {"samples", 9}}));
  EXPECT_DOUBLE_EQ(json["gflops_per_s"].get<double>(), 1.0);
  EXPECT_DOUBLE_EQ(json["gbytes_per_s"].get<double>(), 1e-3);
  EXPECT_DOUBLE_EQ(json["limit_percent"].get<double>(), 50);
  EXPECT_DOUBLE_EQ(json["device_seconds"]["median"].get<double>(), 0.5e-3);
  EXPECT_DOUBLE_EQ(json["alone_seconds"]["median"].get<double>(), 3e-3);
  EXPECT_DOUBLE_EQ(json["peer_ratio"].get<double>(), 2);
  result.peer.reset();
  result.peer_skipped = "no such op";
  EXPECT_EQ(to_json(result)["peer_skipped"], "no such op");
  EXPECT_FALSE(to_json(result).contains("peer_ratio"));
}

}  // namespace
}  // namespace temper::bench
