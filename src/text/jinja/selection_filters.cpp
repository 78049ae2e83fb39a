// map, select, reject, selectattr, rejectattr and attr.
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"

namespace temper::text::jinja {
namespace {

Arguments without_first(const Arguments& arguments, size_t count) {
  Arguments rest = arguments;
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(std::min(count, rest.positional.size())));
  return rest;
}

/// A generator over `subject` whose elements `step` makes or drops. Like Python's, it does nothing before its first
/// element is asked for, and nothing at all for a false subject.
Value lazily(Runtime& runtime, const Value& subject, const Arguments& arguments,
             std::function<std::optional<Value>(Runtime&, Value)> step) {
  ValueList kept = arguments.positional;
  for (const auto& [name, value] : arguments.keywords) kept.push_back(value);
  kept.push_back(subject);
  return runtime.generator(runtime.tuple(std::move(kept)),
                           [subject, step = std::move(step),
                            elements = std::optional<Iterator>()](Runtime& rt) mutable -> std::optional<Value> {
                             if (!truthy(subject)) return std::nullopt;
                             if (!elements) elements.emplace(rt, subject);
                             while (auto element = elements->next()) {
                               if (auto result = step(rt, *std::move(element))) return result;
                             }
                             return std::nullopt;
                           });
}

Value map_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    const auto named = [&](std::string_view name) {
      const auto found = std::find_if(arguments.keywords.begin(), arguments.keywords.end(),
                                      [&](const auto& keyword) { return keyword.first == name; });
      return found != arguments.keywords.end() ? &found->second : nullptr;
    };
    const Value *attribute = named("attribute"), *fallback = named("default");
    if (attribute == nullptr) fault("map requires a filter argument");
    if (arguments.keywords.size() > (fallback != nullptr ? 2u : 1u)) fault("map: unexpected keyword argument");
    return lazily(runtime, subject, arguments,
                  [path = AttributePath(runtime, *attribute), other = fallback != nullptr ? *fallback : Value()](
                      Runtime& rt, Value item) { return path.get(rt, std::move(item), other); });
  }
  const std::string name = text_of(arguments.positional[0], "map");
  return lazily(runtime, subject, arguments,
                [name, rest = without_first(arguments, 1)](Runtime& rt, const Value& item) {
                  return apply_filter(rt, name, item, rest);
                });
}

template <bool wanted, bool of_attribute>
Value select_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  constexpr size_t kTestAt = of_attribute ? 1 : 0;
  if (of_attribute && arguments.positional.empty()) fault("Missing parameter for attribute name");
  const AttributePath path(runtime, of_attribute ? arguments.positional[0] : Value());
  std::string test;
  if (arguments.positional.size() > kTestAt) test = text_of(arguments.positional[kTestAt], "select");
  return lazily(runtime, subject, arguments,
                [path, test, rest = without_first(arguments, kTestAt + 1)](Runtime& rt, Value item) {
                  const Value tested = path.get(rt, item);
                  const bool holds = test.empty() ? truthy(tested) : apply_test(rt, test, tested, rest);
                  return holds == wanted ? std::optional(std::move(item)) : std::nullopt;
                });
}

Value attr_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"}, 1);
  const std::string& name = bound.text(0);
  if (auto attribute = python_attribute(runtime, subject, name)) return *std::move(attribute);
  return Value::undefined(fmt::format("'{} object' has no attribute '{}'", type_name(subject), name));
}

constexpr NamedFilter kSelectionFilters[] = {
    {"attr", attr_filter},
    {"map", map_filter},
    {"reject", select_filter<false, false>},
    {"rejectattr", select_filter<false, true>},
    {"select", select_filter<true, false>},
    {"selectattr", select_filter<true, true>},
};

}  // namespace

std::span<const NamedFilter> selection_filters() {
  return kSelectionFilters;
}

}  // namespace temper::text::jinja
