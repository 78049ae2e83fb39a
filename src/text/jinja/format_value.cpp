// One value in one format specification: what both formatting languages share.
#include <algorithm>
#include <cmath>

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_format.h"

namespace temper::text::jinja {
namespace {

std::string grouped(const std::string& digits, char separator, size_t every) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % every == 0) out += separator;
    out += digits[i];
  }
  return out;
}

/// The digits of the magnitude, without sign or prefix.
std::string whole_digits(uint64_t magnitude, char type) {
  switch (type) {
    case 'x':
      return fmt::format("{:x}", magnitude);
    case 'X':
      return fmt::format("{:X}", magnitude);
    case 'o':
      return fmt::format("{:o}", magnitude);
    case 'b':
      return fmt::format("{:b}", magnitude);
    default:
      return fmt::to_string(magnitude);
  }
}

/// A finite or infinite magnitude with C's conversion of that name.
std::string real_digits(double magnitude, char type, int precision, bool alternate) {
  std::string pattern = fmt::format("{{:{}.{}{}}}", alternate ? "#" : "", precision, type);
  return fmt::format(fmt::runtime(pattern), magnitude);
}

std::string padded(Runtime& runtime, const std::string& sign, const std::string& body, const FormatSpec& spec,
                   char default_align) {
  const char align = spec.align != 0 ? spec.align : default_align;
  const int64_t missing = spec.width - count_code_points(sign) - count_code_points(body);
  int64_t left = 0;
  if (align == '>') left = missing;
  if (align == '^') left = missing / 2;
  TextBuilder out(runtime);
  if (align == '=') {
    out += sign;
    out.repeat(spec.fill, missing);
    out += body;
  } else {
    out.repeat(spec.fill, left);
    out += sign;
    out += body;
    out.repeat(spec.fill, missing - std::max<int64_t>(left, 0));
  }
  return out.take();
}

std::string sign_of(bool negative, char sign) {
  if (negative) return "-";
  return sign == '-' ? "" : std::string(1, sign);
}

std::string format_whole(Runtime& runtime, int64_t number, const FormatSpec& spec) {
  if (spec.type == 'c') {
    if (number < 0 || number > 0x10FFFF) fault("%c arg not in range(0x110000)");
    return padded(runtime, "", encode(static_cast<int32_t>(number)), spec, '<');
  }
  const uint64_t magnitude = number < 0 ? uint64_t{0} - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  std::string digits = whole_digits(magnitude, spec.type);
  if (spec.precision && static_cast<int>(digits.size()) < *spec.precision)
    digits.insert(0, static_cast<size_t>(*spec.precision) - digits.size(), '0');
  const bool decimal = spec.type == 0 || spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
  if (spec.grouping != 0) digits = grouped(digits, spec.grouping, decimal ? 3 : 4);
  std::string sign = sign_of(number < 0, spec.sign);
  if (spec.alternate && !decimal) sign += fmt::format("0{}", spec.type);
  return padded(runtime, sign, digits, spec, '>');
}

std::string format_real_number(Runtime& runtime, double number, const FormatSpec& spec) {
  const bool percent = spec.type == '%';
  const char type = percent ? 'f' : spec.type;
  const double magnitude = std::fabs(percent ? number * 100 : number);
  std::string digits;
  if (std::isnan(number)) {
    digits = type == 'F' || type == 'E' || type == 'G' ? "NAN" : "nan";
  } else if (type == 0) {
    if (spec.precision) unsupported("a float format with a precision and no type");
    digits = format_real(magnitude);
  } else {
    int precision = spec.precision.value_or(6);
    if ((type == 'g' || type == 'G') && precision == 0) precision = 1;
    digits = real_digits(magnitude, type, precision, spec.alternate);
  }
  if (spec.grouping != 0) {
    const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
    digits = grouped(digits.substr(0, whole), spec.grouping, 3) + digits.substr(whole);
  }
  if (percent) digits += '%';
  return padded(runtime, sign_of(std::signbit(number) && !std::isnan(number), spec.sign), digits, spec, '>');
}

bool is_one_of(char type, std::string_view set) {
  return type != 0 && set.find(type) != std::string_view::npos;
}

}  // namespace

std::string format_value(Runtime& runtime, const Value& value, const FormatSpec& spec) {
  constexpr int kMaxPrecision = 500;
  if (spec.precision.value_or(0) > kMaxPrecision) unsupported("a precision above {}", kMaxPrecision);
  if (value.is(Kind::text)) {
    if (spec.type != 0 && spec.type != 's') fault("Unknown format code '{}' for object of type 'str'", spec.type);
    std::string_view text = value.text();
    if (spec.precision) {
      size_t end = 0;
      for (int i = 0; i < *spec.precision && end < text.size(); ++i) end = next_code_point(text, end);
      text = text.substr(0, end);
    }
    if (spec.align == '=') fault("'=' alignment not allowed in string format specifier");
    return padded(runtime, "", std::string(text), spec, '<');
  }
  const bool whole = value.is(Kind::integer) || value.is(Kind::boolean);
  if (is_one_of(spec.type, "fFeEgG%") && (whole || value.is(Kind::real)))
    return format_real_number(runtime, real_of(value, "format"), spec);
  if (whole && is_one_of(spec.type, "diuxXobc")) return format_whole(runtime, index_of(value, "format"), spec);
  if (spec.type != 0) fault("Unknown format code '{}' for object of type '{}'", spec.type, type_name(value));
  if (value.is(Kind::real)) return format_real_number(runtime, value.real(), spec);
  if (value.is(Kind::integer)) return format_whole(runtime, value.integer(), spec);
  return padded(runtime, "", to_text(runtime, value), spec, '<');
}

}  // namespace temper::text::jinja
