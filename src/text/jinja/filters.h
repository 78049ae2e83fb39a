#pragma once

#include <span>

#include "text/jinja/runtime.h"

// The filters (value|name) and tests (value is name) of Jinja.
namespace temper::text::jinja {

using Filter = Value (*)(Runtime&, const Value& subject, const Arguments&);
using Test = bool (*)(Runtime&, const Value& subject, const Arguments&);

enum class Availability : uint8_t { present, unsupported, unknown };

/// Whether temper has the filter, Jinja alone has it, or nobody.
Availability filter_availability(std::string_view name);
Availability test_availability(std::string_view name);

/// Throws Fault for a filter or test that isn't present.
Value apply_filter(Runtime& runtime, std::string_view name, const Value& subject, const Arguments& arguments);
bool apply_test(Runtime& runtime, std::string_view name, const Value& subject, const Arguments& arguments);

// Each file of filters offers its table.
using NamedFilter = std::pair<std::string_view, Filter>;
std::span<const NamedFilter> text_filters();
std::span<const NamedFilter> number_filters();
std::span<const NamedFilter> sequence_filters();
std::span<const NamedFilter> selection_filters();

/// The attribute argument of filters: "a.b.0", an index, or None for the value itself.
class AttributePath {
 public:
  AttributePath(Runtime& runtime, const Value& attribute);
  /// `fallback`, unless None, stands for what is undefined on the way.
  Value get(Runtime& runtime, Value value, const Value& fallback = Value()) const;

 private:
  ValueList parts_;
};

/// What the case-insensitive filters compare: a str in lower case, anything else as it is.
Value fold_case(Runtime& runtime, const Value& value);

}  // namespace temper::text::jinja
