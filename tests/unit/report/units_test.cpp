#include "train/report/units.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace temper::train {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Units, DurationsReadAsAPersonSaysThem) {
  EXPECT_EQ(duration_text(0), "0.00 s");
  EXPECT_EQ(duration_text(0.42), "0.42 s");
  EXPECT_EQ(duration_text(0.999), "1.0 s");
  EXPECT_EQ(duration_text(4.21), "4.2 s");
  EXPECT_EQ(duration_text(9.97), "10 s");
  EXPECT_EQ(duration_text(59.6), "1 m 00 s");
  EXPECT_EQ(duration_text(125), "2 m 05 s");
  EXPECT_EQ(duration_text(3599.7), "1 h 00 m");
  EXPECT_EQ(duration_text(3725), "1 h 02 m");
  EXPECT_EQ(duration_text(4 * 86400 - 1), "3 d 23 h");
  for (const double bad : {kNotANumber, kInfinity, -1.0, 1e300}) EXPECT_EQ(duration_text(bad), "n/a");
}

TEST(Units, BytesUsePowersOfAThousand) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1400), "1.4 kB");
  EXPECT_EQ(bytes_text(999.6e3), "1 MB");
  EXPECT_EQ(bytes_text(1.436e9), "1.44 GB");
  EXPECT_EQ(bytes_text(kNotANumber), "n/a");
}

TEST(Units, CountsHaveSeparatorsOrAreShort) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(-1234567), "-1,234,567");
  EXPECT_EQ(count_text(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(short_count_text(950), "950");
  EXPECT_EQ(short_count_text(12345), "12.3 k");
  EXPECT_EQ(short_count_text(4884480), "4.88 M");
  EXPECT_EQ(short_count_text(999600), "1 M");
  EXPECT_EQ(short_count_text(kInfinity), "n/a");
}

TEST(Units, NumbersDropNeedlessZeros) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(1.5), "1.5");
  EXPECT_EQ(number_text(0.0001), "0.0001");
  EXPECT_EQ(number_text(2e-5), "2e-5");
  EXPECT_EQ(number_text(9.5e-10, 3), "9.5e-10");
  EXPECT_EQ(number_text(1234567), "1.235e6");
  EXPECT_EQ(number_text(kNotANumber), "nan");
  EXPECT_EQ(number_text(-kInfinity), "-inf");
}

TEST(Units, PercentagesShowSmallSharesToo) {
  EXPECT_EQ(percent_text(0), "0.0 %");
  EXPECT_EQ(percent_text(0.0525), "5.2 %");
  EXPECT_EQ(percent_text(0.0042), "0.42 %");
  EXPECT_EQ(percent_text(1), "100.0 %");
  EXPECT_EQ(percent_text(kNotANumber), "n/a");
}

}  // namespace
}  // namespace temper::train
