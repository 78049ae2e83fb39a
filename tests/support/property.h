#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <sstream>
#include <utility>

namespace temper::testing {

/// Checks a RapidCheck property on `cases` generated inputs, the same ones in every run; fails the current test with
/// the smallest counterexample. The environment variable RC_PARAMS ("seed=7 max_success=10000") searches elsewhere.
template <class Property>
void expect_property(Property&& property, int cases = 200) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (!std::getenv("RC_PARAMS")) {
    params.seed = 20;
    params.maxSuccess = cases;
  }
  const auto result = rc::detail::checkTestable(std::forward<Property>(property), rc::detail::TestMetadata{}, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  ADD_FAILURE() << text.str();
}

/// A number of [low, high], for use within a property.
template <class T>
T pick(T low, T high) {
  return *rc::gen::inRange<T>(low, static_cast<T>(high + 1));
}

}  // namespace temper::testing
