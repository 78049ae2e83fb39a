#include "train/report/units.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

namespace temper::train {
namespace {

constexpr std::string_view kNotAvailable = "n/a";

/// Three significant digits without a trailing ".0".
std::string three_digits(double value) {
  const double size = std::abs(value);
  std::string text = fmt::format("{:.{}f}", value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr double hundred_years = 3.2e9;
  if (!(seconds >= 0 && seconds < hundred_years)) return std::string(kNotAvailable);
  if (seconds < 0.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto s = static_cast<int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} m {:02} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {:02} m", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {:02} h", s / 86400, s % 86400 / 3600);
}

std::string bytes_text(double bytes) {
  if (!std::isfinite(bytes)) return std::string(kNotAvailable);
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  int unit = 0;
  for (; std::abs(bytes) >= 999.5 && unit < 4; ++unit) bytes /= 1000;
  return fmt::format("{} {}", three_digits(bytes), units[unit]);
}

std::string count_text(int64_t n) {
  std::string text = std::to_string(n);
  const size_t first = n < 0 ? 1 : 0;
  for (size_t at = text.size(); at > first + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string short_count_text(double n) {
  if (!std::isfinite(n)) return std::string(kNotAvailable);
  const char* units[] = {"", " k", " M", " B", " T"};
  int unit = 0;
  for (; std::abs(n) >= 999.5 && unit < 4; ++unit) n /= 1000;
  return three_digits(n) + units[unit];
}

std::string number_text(double value, int digits) {
  std::string text = fmt::format("{:.{}g}", value, digits);
  // 2e-05 and 1e+06 read better as 2e-5 and 1e6.
  if (const size_t e = text.find('e'); e != std::string::npos) {
    if (text[e + 1] == '+') text.erase(e + 1, 1);
    const size_t first_digit = e + 1 + (text[e + 1] == '-' ? 1 : 0);
    while (text[first_digit] == '0' && first_digit + 1 < text.size()) text.erase(first_digit, 1);
  }
  return text;
}

std::string percent_text(double fraction) {
  if (!std::isfinite(fraction)) return std::string(kNotAvailable);
  const double percent = 100 * fraction;
  return fmt::format("{:.{}f} %", percent, std::abs(percent) < 0.995 && percent != 0 ? 2 : 1);
}

}  // namespace temper::train
