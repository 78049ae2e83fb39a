#include "cli/checks.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace temper::cli {
namespace {

std::string expected(const std::string& range, const std::string& given) {
  return fmt::format("{} is expected, not '{}'", range, given);
}

std::string whole_range(int64_t low, int64_t high) {
  if (high == std::numeric_limits<int64_t>::max()) return fmt::format("a whole number from {} on", low);
  return fmt::format("a whole number from {} to {}", low, high);
}

std::string number_range(double low, double high, Ends ends) {
  const char* above = ends == Ends::low_open ? "above" : "from";
  if (std::isinf(high)) return fmt::format("a number {} {}{}", above, low, ends == Ends::low_open ? "" : " on");
  const char* upper = ends == Ends::low_open ? "up to" : ends == Ends::high_open ? "to below" : "to";
  return fmt::format("a number {} {} {} {}", above, low, upper, high);
}

}  // namespace

CLI::Validator whole_number(int64_t low, int64_t high) {
  return CLI::Validator(
      [low, high](std::string& text) {
        char* end = nullptr;
        errno = 0;
        const long long value = std::strtoll(text.c_str(), &end, 10);
        const bool read = !text.empty() && *end == '\0' && errno == 0;
        return read && value >= low && value <= high ? std::string() : expected(whole_range(low, high), text);
      },
      "");
}

CLI::Validator number(double low, double high, Ends ends) {
  return CLI::Validator(
      [low, high, ends](std::string& text) {
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        const bool read = !text.empty() && *end == '\0' && std::isfinite(value);
        const bool above = ends == Ends::low_open ? value > low : value >= low;
        const bool below = ends == Ends::high_open ? value < high : value <= high;
        return read && above && below ? std::string() : expected(number_range(low, high, ends), text);
      },
      "");
}

CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) { return text.empty() ? std::string("must not be empty") : std::string(); }, "");
}

}  // namespace temper::cli
