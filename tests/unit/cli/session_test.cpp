#include "cli/session.h"

#include <gtest/gtest.h>

namespace temper::cli {
namespace {

const std::vector<DeviceType> kCpuOnly = {DeviceType::cpu};

TEST(DeviceOption, TakesWhatTheBuildHas) {
  EXPECT_EQ(device_problem("auto", kCpuOnly), "");
  EXPECT_EQ(device_problem("cpu", kCpuOnly), "");
  EXPECT_EQ(device_problem("metal", {DeviceType::cpu, DeviceType::metal}), "");
}

TEST(DeviceOption, NamesWhatIsMissing) {
  const std::string metal = device_problem("metal", kCpuOnly), cuda = device_problem("cuda", kCpuOnly);
  for (const char* part : {"no Metal backend", "clang", "metal-cpp", "TEMPER_METAL=ON"})
    EXPECT_NE(metal.find(part), std::string::npos) << part << " in: " << metal;
  EXPECT_NE(cuda.find("no CUDA backend"), std::string::npos) << cuda;
  EXPECT_EQ(device_problem("abacus", kCpuOnly), "abacus is none of auto, cpu");
}

}  // namespace
}  // namespace temper::cli
