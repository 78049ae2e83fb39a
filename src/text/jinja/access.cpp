// Attributes, items, slices and calls.
#include <algorithm>

#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace temper::text::jinja {
namespace {

std::string described(const Value& value) {
  return value.is(Kind::none) ? "None" : fmt::format("{} object", type_name(value));
}

Value no_attribute(const Value& value, std::string_view name) {
  return Value::undefined(fmt::format("'{}' has no attribute {}", described(value), quote(name)));
}

bool is_whole_key(const Value& key) {
  return key.is(Kind::integer) || key.is(Kind::boolean);
}

/// value[index], where the sequence or str has it.
std::optional<Value> element_at(Runtime& runtime, const Value& value, int64_t index) {
  const int64_t length = length_of(value).value_or(0);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return std::nullopt;
  const auto at = static_cast<size_t>(index);
  if (value.is(Kind::sequence)) return value.items()[at];
  const std::string& bytes = value.text();
  if (static_cast<size_t>(length) == bytes.size()) return runtime.text(bytes.substr(at, 1), value.markup());
  runtime.step(length / 16);
  const std::vector<size_t> offsets = code_point_offsets(bytes);
  return runtime.text(bytes.substr(offsets[at], offsets[at + 1] - offsets[at]), value.markup());
}

bool is_subscriptable(const Value& value) {
  return value.is(Kind::text) || value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple) ||
         value.is_sequence(SequenceKind::range);
}

bool is_hashable(const Value& key) {
  if (key.is(Kind::mapping) || key.is_sequence(SequenceKind::list)) return false;
  return !key.is(Kind::sequence) || std::all_of(key.items().begin(), key.items().end(), is_hashable);
}

/// Only the item, not the attribute.
std::optional<Value> python_item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.is(Kind::mapping)) {
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = value.mapping().find(runtime, key);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (is_subscriptable(value) && is_whole_key(key)) {
    return element_at(runtime, value, index_of(key, "index"));
  }
  return std::nullopt;
}

struct Range {
  int64_t start, step, count;
};

/// Python's slice.indices().
Range resolve_slice(const Value& start, const Value& stop, const Value& step, int64_t length) {
  const auto bound = [](const Value& value, int64_t fallback) {
    if (value.is(Kind::none)) return fallback;
    if (value.is(Kind::undefined)) use_of_undefined(value);
    if (!is_whole_key(value)) fault("slice indices must be integers or None or have an __index__ method");
    return index_of(value, "slice");
  };
  const int64_t by = bound(step, 1);
  if (by == 0) fault("slice step cannot be zero");
  const int64_t low = by > 0 ? 0 : -1, high = by > 0 ? length : length - 1;
  const auto clamp = [&](int64_t at) {
    if (at < 0) at += length;
    return std::clamp(at, low, high);
  };
  const int64_t first = start.is(Kind::none) ? (by > 0 ? low : high) : clamp(bound(start, 0));
  const int64_t last = stop.is(Kind::none) ? (by > 0 ? high : low) : clamp(bound(stop, 0));
  const int64_t span = by > 0 ? last - first : first - last;
  if (span <= 0) return {first, by, 0};
  const uint64_t stride = by > 0 ? static_cast<uint64_t>(by) : uint64_t{0} - static_cast<uint64_t>(by);
  return {first, by, static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / stride) + 1};
}

}  // namespace

std::optional<Value> python_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  switch (value.kind()) {
    case Kind::undefined:
      use_of_undefined(value);
    case Kind::text:
      return text_method(runtime, value, name);
    case Kind::sequence:
      return sequence_method(runtime, value, name);
    case Kind::mapping:
      return mapping_method(runtime, value, name);
    case Kind::real:
      return real_method(runtime, value, name);
    case Kind::object:
      return value.object().attribute(runtime, name);
    default:
      return std::nullopt;
  }
}

Value get_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (auto attribute = python_attribute(runtime, value, name)) return *std::move(attribute);
  if (value.is(Kind::mapping)) {
    if (const Value* found = value.mapping().find(name)) return *found;
  }
  return no_attribute(value, name);
}

Value get_item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.is(Kind::undefined)) use_of_undefined(value);
  if (auto item = python_item(runtime, value, key)) return *std::move(item);
  if (key.is(Kind::text)) {
    if (auto attribute = python_attribute(runtime, value, key.text())) return *std::move(attribute);
    return no_attribute(value, key.text());
  }
  return Value::undefined(fmt::format("{} has no element {}", described(value), repr(runtime, key)));
}

Value slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.is(Kind::undefined)) use_of_undefined(value);
  if (value.is(Kind::mapping)) fault("unhashable type: 'slice'");
  if (!is_subscriptable(value)) fault("'{}' object is not subscriptable", type_name(value));
  const Range range = resolve_slice(start, stop, step, length_of(value).value_or(0));
  runtime.step(range.count / 16);
  if (value.is(Kind::sequence)) {
    ValueList items;
    items.reserve(static_cast<size_t>(range.count));
    for (int64_t i = 0; i < range.count; ++i)
      items.push_back(value.items()[static_cast<size_t>(range.start + i * range.step)]);
    return runtime.list(std::move(items), value.sequence().kind);
  }
  const std::string& bytes = value.text();
  const std::vector<size_t> offsets = code_point_offsets(bytes);
  const auto offset = [&](int64_t at) {
    return offsets.empty() ? static_cast<size_t>(at) : offsets[static_cast<size_t>(at)];
  };
  std::string out;
  if (range.step == 1 && range.count > 0) {
    out = bytes.substr(offset(range.start), offset(range.start + range.count) - offset(range.start));
  } else {
    for (int64_t i = 0; i < range.count; ++i) {
      const int64_t at = range.start + i * range.step;
      out.append(bytes, offset(at), offset(at + 1) - offset(at));
    }
  }
  return runtime.text(std::move(out), value.markup());
}

Value call(Runtime& runtime, const Value& callee, Arguments& arguments) {
  if (callee.is(Kind::undefined)) use_of_undefined(callee);
  if (!callee.is(Kind::object)) fault("'{}' object is not callable", type_name(callee));
  const Runtime::Nested nested(runtime);
  return callee.object().call(runtime, arguments);
}

ValueList collect(Runtime& runtime, const Value& value) {
  ValueList items;
  if (value.is(Kind::sequence)) {
    runtime.use_bytes(value.items().size() * sizeof(Value));
    items = value.items();
    return items;
  }
  Iterator elements(runtime, value);
  while (auto element = elements.next()) {
    runtime.use_bytes(sizeof(Value));
    items.push_back(*std::move(element));
  }
  return items;
}

}  // namespace temper::text::jinja
