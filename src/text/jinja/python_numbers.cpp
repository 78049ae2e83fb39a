#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "text/jinja/python_text.h"
#include "text/jinja/runtime.h"

namespace temper::text::jinja {
namespace {

bool is_digit_char(char c) {
  return c >= '0' && c <= '9';
}

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int digit_of(char c) {
  if (is_digit_char(c)) return c - '0';
  c = lower_ascii(c);
  return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 36;
}

/// Takes the digits at the front of `text`, single underscores between them allowed, and appends them to `out`.
bool take_digits(std::string_view& text, std::string& out) {
  size_t at = 0;
  bool digit_before = false;
  for (; at < text.size(); ++at) {
    if (is_digit_char(text[at])) {
      out += text[at];
      digit_before = true;
    } else if (text[at] == '_' && digit_before && at + 1 < text.size() && is_digit_char(text[at + 1])) {
      digit_before = false;
    } else {
      break;
    }
  }
  text.remove_prefix(at);
  return at > 0;
}

}  // namespace

std::string format_real(double number) {
  if (std::isnan(number)) return "nan";
  std::string out = fmt::format("{}", number);
  if (out.find_first_not_of("-0123456789") == std::string::npos) out += ".0";
  return out;
}

bool parse_integer(std::string_view text, int base, int64_t& out) {
  text = strip_space(text, Side::both);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 2 && text[0] == '0') {
    const char mark = lower_ascii(text[1]);
    const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (marked != 0 && (base == marked || base == 0)) {
      base = marked;
      text.remove_prefix(2);
      if (text[0] == '_') text.remove_prefix(1);
    }
  }
  if (base == 0) {
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != std::string_view::npos) return false;
    base = 10;
  }
  if (text.empty()) return false;
  int64_t value = 0;
  bool overflow = false, digit_before = false;
  for (const char c : text) {
    if (c == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    const int digit = digit_of(c);
    if (digit >= base) return false;
    digit_before = true;
    overflow |= __builtin_mul_overflow(value, static_cast<int64_t>(base), &value);
    overflow |= __builtin_sub_overflow(value, static_cast<int64_t>(digit), &value);  // negative reaches one further
  }
  if (!digit_before) return false;
  if (overflow || (!negative && value == INT64_MIN)) unsupported("integers beyond 64 bits");
  out = negative ? value : -value;
  return true;
}

bool parse_real(std::string_view text, double& out) {
  text = strip_space(text, Side::both);
  std::string number;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    number += text[0];
    text.remove_prefix(1);
  }
  std::string word;
  for (const char c : text.substr(0, 9)) word += lower_ascii(c);
  if (word == "inf" || word == "infinity" || word == "nan") {
    number += word;
  } else {
    const bool before = take_digits(text, number);
    bool after = false;
    if (!text.empty() && text[0] == '.') {
      number += '.';
      text.remove_prefix(1);
      after = take_digits(text, number);
    }
    if (!before && !after) return false;
    if (!text.empty() && lower_ascii(text[0]) == 'e') {
      number += 'e';
      text.remove_prefix(1);
      if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
        number += text[0];
        text.remove_prefix(1);
      }
      if (!take_digits(text, number)) return false;
    }
    if (!text.empty()) return false;
  }
  out = std::strtod(number.c_str(), nullptr);
  return true;
}

}  // namespace temper::text::jinja
