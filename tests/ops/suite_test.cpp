// The conformance suite: every record on every backend of this build. An op joins by its record, a backend by existing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/checks.h"
#include "device/backend.h"

namespace temper::conformance {
namespace {

std::vector<Case> cases_for(Property property) {
  std::vector<Case> result;
  for (const DeviceType device : available_devices())
    std::ranges::copy_if(cases_of(device), std::back_inserter(result),
                         [&](const Case& c) { return applies(property, c); });
  return result;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  const std::string device = to_string(Device{c.device, 0});
  std::string name = fmt::format("{}_{}_{}_{}_{}", device.substr(0, device.find(':')), c.record->name, c.sample->name,
                                 name_of(c.dtype), info.index);
  std::ranges::replace_if(
      name, [](char letter) { return !std::isalnum(static_cast<unsigned char>(letter)); }, '_');
  return name;
}

class OpTest : public testing::TestWithParam<Case> {
 protected:
  static void expect(Property property) { EXPECT_EQ(violation(property, GetParam()), ""); }
};

using Forward = OpTest;
TEST_P(Forward, MatchesTheReference) {
  expect(Property::forward);
}
using Strided = OpTest;
TEST_P(Strided, InputsGiveTheContiguousResult) {
  expect(Property::strided);
}
using Composite = OpTest;
TEST_P(Composite, AgreesWithTheKernel) {
  expect(Property::composite);
}
using Repeated = OpTest;
TEST_P(Repeated, IsBitIdenticalOnAnyNumberOfThreads) {
  expect(Property::repeated);
}
using Deferred = OpTest;
TEST_P(Deferred, IsBitIdenticalInEveryOrderThatBarriersAllow) {
  expect(Property::deferred);
}
using Gradient = OpTest;
TEST_P(Gradient, MatchesFiniteDifferencesInF64) {
  expect(Property::gradient);
}
using LowPrecisionGradient = OpTest;
TEST_P(LowPrecisionGradient, MatchesTheOneInF64) {
  expect(Property::low_precision_gradient);
}

auto every(Property property) {
  return testing::ValuesIn(cases_for(property));
}
INSTANTIATE_TEST_SUITE_P(Ops, Forward, every(Property::forward), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Strided, every(Property::strided), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Composite, every(Property::composite), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Repeated, every(Property::repeated), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Deferred, every(Property::deferred), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Gradient, every(Property::gradient), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, LowPrecisionGradient, every(Property::low_precision_gradient), name_of_case);

}  // namespace
}  // namespace temper::conformance
