#include <cmath>

#include "text/jinja/filters.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace temper::text::jinja {
namespace {

bool is_int_like(const Value& value) {
  return value.is(Kind::integer) || value.is(Kind::boolean);
}

Value abs_filter(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("abs", arguments, {});
  if (subject.is(Kind::undefined)) use_of_undefined(subject);
  if (subject.is(Kind::real)) return Value(std::fabs(subject.real()));
  if (!is_int_like(subject)) fault("bad operand type for abs(): '{}'", type_name(subject));
  const int64_t number = index_of(subject, "abs");
  return number < 0 ? negate(subject) : Value(number);
}

/// int(number); Python raises OverflowError for an infinity and ValueError for a NaN.
std::optional<Value> truncated(double number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (!std::isfinite(number)) return std::nullopt;
  if (number >= kTwoTo63 || number < -kTwoTo63) unsupported("integers beyond 64 bits");
  return Value(static_cast<int64_t>(number));
}

Value int_filter(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  Value fallback = bound.value_or(0, Value(int64_t{0}));
  switch (subject.kind()) {
    case Kind::undefined:
      use_of_undefined(subject);
    case Kind::boolean:
    case Kind::integer:
      return Value(index_of(subject, "int"));
    case Kind::real:
      if (std::isinf(subject.real())) fault("cannot convert float infinity to integer");
      return truncated(subject.real()).value_or(fallback);
    case Kind::text: {
      const int64_t base = bound.integer_or(1, 10);
      if (base != 0 && (base < 2 || base > 36)) fault("int() base must be >= 2 and <= 36, or 0");
      int64_t number = 0;
      if (parse_integer(subject.text(), static_cast<int>(base), number)) return Value(number);
      double real = 0;
      if (parse_real(subject.text(), real)) return truncated(real).value_or(fallback);
      return fallback;
    }
    default:
      return fallback;
  }
}

Value float_filter(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  if (subject.is(Kind::undefined)) use_of_undefined(subject);
  if (subject.is(Kind::real)) return subject;
  if (is_int_like(subject)) return Value(real_of(subject, "float"));
  double number = 0;
  if (subject.is(Kind::text) && parse_real(subject.text(), number)) return Value(number);
  return bound.value_or(0, Value(0.0));
}

/// round(number, digits): to the nearest decimal, exact ties to even.
double round_real(double number, int64_t digits) {
  constexpr int64_t kMostDigits = 22;  // more change nothing in a double
  if (!std::isfinite(number) || digits > kMostDigits + 300) return number;
  if (digits >= 0) {
    double rounded = number;
    parse_real(fmt::format("{:.{}f}", number, static_cast<int>(digits)), rounded);
    return rounded;
  }
  const double unit = std::pow(10.0, static_cast<double>(-digits));
  if (!std::isfinite(unit)) return 0.0 * number;
  return std::nearbyint(number / unit) * unit;
}

int64_t round_whole(int64_t number, int64_t digits) {
  constexpr int64_t kMostDigits = 18;
  if (digits >= 0) return number;
  if (digits < -kMostDigits) return 0;
  int64_t unit = 1;
  for (int64_t i = 0; i < -digits; ++i) unit *= 10;
  const int64_t rest = ((number % unit) + unit) % unit, below = number - rest;
  const bool up = rest > unit - rest || (rest == unit - rest && (below / unit) % 2 != 0);
  return up ? below + unit : below;
}

Value round_filter(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  const std::string method = bound.has(1) ? bound.text(1) : "common";
  if (method != "common" && method != "ceil" && method != "floor") fault("method must be common, ceil or floor");
  const int64_t digits = bound.integer_or(0, 0);
  if (subject.is(Kind::undefined)) use_of_undefined(subject);
  if (!subject.is(Kind::real) && !is_int_like(subject))
    fault("type {} doesn't define __round__ method", type_name(subject));
  if (method == "common") {
    if (subject.is(Kind::real)) return Value(round_real(subject.real(), digits));
    return Value(round_whole(index_of(subject, "round"), digits));
  }
  const double unit = std::pow(10.0, static_cast<double>(digits));
  const double scaled = real_of(subject, "round") * unit;
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit);
}

Value default_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool missing = subject.is(Kind::undefined) || (bound.truth_or(1, false) && !truthy(subject));
  return missing ? (bound.has(0) ? bound.at(0) : runtime.text("")) : subject;
}

constexpr NamedFilter kNumberFilters[] = {
    {"abs", abs_filter},     {"d", default_filter}, {"default", default_filter},
    {"float", float_filter}, {"int", int_filter},   {"round", round_filter},
};

}  // namespace

std::span<const NamedFilter> number_filters() {
  return kNumberFilters;
}

}  // namespace temper::text::jinja
