#include "text/jinja/filters.h"

#include <algorithm>

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_search.h"

namespace temper::text::jinja {
namespace {

constexpr std::string_view kMissingFilters[] = {"filesizeformat", "groupby", "pprint",   "random", "striptags",
                                                "urlencode",      "urlize",  "wordwrap", "xmlattr"};

Filter find_filter(std::string_view name) {
  for (const auto table : {text_filters(), number_filters(), sequence_filters(), selection_filters()}) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const NamedFilter& f) { return f.first == name; });
    if (found != table.end()) return found->second;
  }
  return nullptr;
}

}  // namespace

Availability filter_availability(std::string_view name) {
  if (find_filter(name) != nullptr) return Availability::present;
  const bool missing =
      std::find(std::begin(kMissingFilters), std::end(kMissingFilters), name) != std::end(kMissingFilters);
  return missing ? Availability::unsupported : Availability::unknown;
}

Value apply_filter(Runtime& runtime, std::string_view name, const Value& subject, const Arguments& arguments) {
  runtime.step(1 + (subject.is(Kind::text) ? static_cast<int64_t>(subject.text().size() / 64) : 0));
  const Filter filter = find_filter(name);
  if (filter == nullptr) unsupported("the filter '{}'", name);
  return filter(runtime, subject, arguments);
}

AttributePath::AttributePath(Runtime& runtime, const Value& attribute) {
  if (attribute.is(Kind::none)) return;
  if (!attribute.is(Kind::text)) {
    parts_.push_back(attribute);
    return;
  }
  for (const std::string_view part : split_text(attribute.text(), ".", -1, false)) {
    int64_t index = 0;
    const bool is_index = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    parts_.push_back(is_index && parse_integer(part, 10, index) ? Value(index) : runtime.text(std::string(part)));
  }
}

Value AttributePath::get(Runtime& runtime, Value value, const Value& fallback) const {
  for (const Value& part : parts_) {
    value = get_item(runtime, value, part);
    if (value.is(Kind::undefined) && !fallback.is(Kind::none)) value = fallback;
  }
  return value;
}

Value fold_case(Runtime& runtime, const Value& value) {
  return value.is(Kind::text) ? runtime.text(lower(value.text())) : value;
}

}  // namespace temper::text::jinja
