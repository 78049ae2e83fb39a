#include "train/report/chart_scale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace temper::train {
namespace {

std::string ticks_of(const ChartScale& scale) {
  std::string text;
  for (const double t : scale.ticks) text.append(text.empty() ? "" : " ").append(tick_text(t, scale));
  return text;
}

TEST(ChartScale, LinearTicksAreRoundNumbersAroundTheData) {
  EXPECT_EQ(ticks_of(linear_scale(0.31, 2.72, 5)), "0 0.5 1.0 1.5 2.0 2.5 3.0");
  EXPECT_EQ(ticks_of(linear_scale(0, 2e-3, 5)), "0 0.0005 0.001 0.0015 0.002");
  EXPECT_EQ(ticks_of(linear_scale(0, 600, 5)), "0 200 400 600");
  EXPECT_EQ(ticks_of(linear_scale(0, 100000, 5)), "0 20k 40k 60k 80k 100k");
  EXPECT_EQ(ticks_of(linear_scale(-0.3, 0.4, 5)), "-0.4 -0.2 0 0.2 0.4");
  EXPECT_EQ(ticks_of(linear_scale(0, 2900, 3)), "0 1,000 2,000 3,000");
}

TEST(ChartScale, EveryRangeIsCoveredWithFewTicks) {
  for (const double low : {-1e300, -5.0, 0.0, 1e-300, 1e-9, 3.3, 1e9, 1e300})
    for (const double width : {0.0, 1e-300, 1e-12, 0.7, 12.0, 1e6, 1e299}) {
      const double high = low + width;
      const ChartScale scale = linear_scale(low, high, 5);
      const double tolerance = 1e-6 * (scale.high - scale.low);
      EXPECT_LE(scale.low, low + tolerance) << low << " " << high;
      EXPECT_GE(scale.high, high - tolerance) << low << " " << high;
      EXPECT_LT(scale.low, scale.high) << low << " " << high;
      EXPECT_LE(scale.ticks.size(), 9u) << low << " " << high;
      EXPECT_GE(scale.ticks.size(), 2u) << low << " " << high;
      EXPECT_TRUE(std::isfinite(scale.position(low))) << low << " " << high;
    }
}

TEST(ChartScale, LogTicksSuitTheNumberOfDecades) {
  EXPECT_EQ(ticks_of(log_scale(0.04, 2.7)), "0.03 0.1 0.3 1 3");
  EXPECT_EQ(ticks_of(log_scale(1, 10)), "1 2 3 5 10");
  EXPECT_EQ(ticks_of(log_scale(0.001, 900)), "0.001 0.01 0.1 1 10 100 1,000");
  EXPECT_LE(log_scale(1e-300, 1e300).ticks.size(), 9u);
  EXPECT_LE(log_scale(4.9e-324, 1.7e308).ticks.size(), 9u);
  EXPECT_EQ(log_scale(2, 2).ticks.size(), 2u);
}

TEST(ChartScale, PositionsGoFromZeroToOne) {
  const ChartScale linear = linear_scale(0, 100, 5);
  EXPECT_DOUBLE_EQ(linear.position(25), 0.25);
  const ChartScale log = log_scale(0.01, 100);
  EXPECT_DOUBLE_EQ(log.position(log.low), 0);
  EXPECT_DOUBLE_EQ(log.position(log.high), 1);
  EXPECT_NEAR(log.position(1), 0.5, 1e-12);
}

TEST(ChartScale, LogScaleOnlyWhereItPays) {
  std::vector<ChartPoint> decay, line, spike;
  for (int i = 0; i < 100; ++i) {
    decay.push_back({1.0 * i, 3 * std::exp(-0.1 * i) + 0.02});
    line.push_back({1.0 * i, 1.0 + i});
    spike.push_back({1.0 * i, i == 50 ? 1e6 : 1.0});
  }
  EXPECT_TRUE(log_scale_pays(decay));
  EXPECT_TRUE(log_scale_pays(spike));
  EXPECT_FALSE(log_scale_pays(line));
  decay[3].y = 0;
  EXPECT_FALSE(log_scale_pays(decay));
  EXPECT_FALSE(log_scale_pays({}));
}

TEST(ChartScale, ThinningKeepsExtremesAndEnds) {
  std::vector<ChartPoint> points;
  for (int i = 0; i < 100'000; ++i) points.push_back({1.0 * i, std::sin(0.01 * i)});
  points[77'777].y = 40;
  points[12'345].y = -50;
  const auto thin = thin_points(points, 400);
  EXPECT_LE(thin.size(), 1600u);
  EXPECT_GT(thin.size(), 800u);
  const auto has = [&](double x, double y) {
    return std::any_of(thin.begin(), thin.end(), [&](const ChartPoint& p) { return p.x == x && p.y == y; });
  };
  EXPECT_TRUE(has(77'777, 40));
  EXPECT_TRUE(has(12'345, -50));
  EXPECT_EQ(thin.front().x, 0);
  EXPECT_EQ(thin.back().x, 99'999);
  EXPECT_TRUE(std::is_sorted(thin.begin(), thin.end(), [](const auto& a, const auto& b) { return a.x < b.x; }));
}

TEST(ChartScale, ThinningLeavesShortCurvesAlone) {
  const std::vector<ChartPoint> points = {{1, 5}, {2, 4}, {3, 7}};
  EXPECT_EQ(thin_points(points, 400).size(), 3u);
  EXPECT_TRUE(thin_points({}, 400).empty());
}

TEST(ChartScale, SmoothingIsAWeightedMean) {
  const std::vector<ChartPoint> points = {{1, 8}, {2, 2}, {3, 5}, {4, 1}};
  const std::vector<double> weights = {1, 1, 2, 4};
  const auto smooth = smooth_points(points, weights, 1);
  ASSERT_EQ(smooth.size(), 4u);
  EXPECT_DOUBLE_EQ(smooth[0].y, 8);  // the window shrinks symmetrically at the start
  EXPECT_DOUBLE_EQ(smooth[1].y, (8 + 2 + 2 * 5) / 4.0);
  EXPECT_DOUBLE_EQ(smooth[2].y, (2 + 2 * 5 + 4 * 1) / 7.0);
  EXPECT_DOUBLE_EQ(smooth[3].y, (2 * 5 + 4 * 1) / 6.0);
}

TEST(ChartScale, SmoothingSurvivesAHugeOutlier) {
  std::vector<ChartPoint> points(1000, ChartPoint{0, 0.5});
  for (size_t i = 0; i < points.size(); ++i) points[i].x = static_cast<double>(i);
  points[100].y = 1e30;
  const std::vector<double> weights(points.size(), 1);
  const auto smooth = smooth_points(points, weights, 10, 50);
  EXPECT_EQ(smooth.size(), 50u);
  EXPECT_EQ(smooth.front().x, 0);
  EXPECT_EQ(smooth.back().x, 999);
  EXPECT_DOUBLE_EQ(smooth.back().y, 0.5);
}

}  // namespace
}  // namespace temper::train
