#pragma once

#include "text/jinja/runtime.h"

// Python's two string formatting languages, as far as templates use them.
namespace temper::text::jinja {

/// `format % arguments`: a tuple fills the conversions in turn, a dict those with names, anything else the only one.
Value format_percent(Runtime& runtime, const Value& format, const Value& arguments);
/// format.format(...): fields {}, {0}, {name}, {x.y[z]}, !s and !r, and the format specification.
Value format_braces(Runtime& runtime, const Value& format, const Arguments& arguments);

/// [[fill]align][sign][#][0][width][grouping][.precision][type] of either language.
struct FormatSpec {
  std::string fill = " ";
  char align = 0;  // < > = ^
  char sign = '-';
  bool alternate = false;
  char grouping = 0;
  int64_t width = 0;
  std::optional<int> precision;
  char type = 0;
};
/// Throws Fault where Python does, and Fault{unsupported} for types outside s d i u f F e E g G x X o b c %.
std::string format_value(Runtime& runtime, const Value& value, const FormatSpec& spec);

}  // namespace temper::text::jinja
