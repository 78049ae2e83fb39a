#pragma once

#include "text/jinja/runtime.h"

// Python's operators and protocols over values. Each throws Fault with the message Python would give.
namespace temper::text::jinja {

bool truthy(const Value& value);
bool equals(Runtime& runtime, const Value& left, const Value& right);
/// left < right; throws Fault when Python can't order the two types.
bool less(Runtime& runtime, const Value& left, const Value& right);
/// `needle in haystack`.
bool contains(Runtime& runtime, const Value& haystack, const Value& needle);
/// A hash that agrees with equals(); throws Fault "unhashable type".
size_t hash_value(Runtime& runtime, const Value& value);
/// len(value), or nothing where Python has none.
std::optional<int64_t> length_of(const Value& value);

enum class BinaryOperator : uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };
Value binary(Runtime& runtime, BinaryOperator op, const Value& left, const Value& right);
Value negate(const Value& value);
Value identity(const Value& value);  ///< unary +

/// str(value): what {{ }} prints.
std::string to_text(Runtime& runtime, const Value& value);
/// str(value), which shares the text when it already is one and keeps it Markup.
Value soft_text(Runtime& runtime, const Value& value);
/// repr(value): strings in quotes.
void append_repr(Runtime& runtime, TextBuilder& out, const Value& value);
std::string repr(Runtime& runtime, const Value& value);

struct JsonStyle {
  std::optional<std::string> indent;  ///< one level of indentation; absent: one line
  std::string item_separator = ", ", key_separator = ": ";
  bool ensure_ascii = false, sort_keys = false;
};
/// json.dumps(value) as the tojson filter of Transformers calls it.
std::string to_json(Runtime& runtime, const Value& value, const JsonStyle& style);
Value from_json(Runtime& runtime, const OrderedJson& json);

/// value.name: a method or attribute first, then an item; undefined when there is neither.
Value get_attribute(Runtime& runtime, const Value& value, std::string_view name);
/// value[key]: an item first, then an attribute; undefined when there is neither.
Value get_item(Runtime& runtime, const Value& value, const Value& key);
/// Only the attribute or method of a value, not its items.
std::optional<Value> python_attribute(Runtime& runtime, const Value& value, std::string_view name);
/// value[start:stop:step]; None where a bound is left out.
Value slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step);

Value call(Runtime& runtime, const Value& callee, Arguments& arguments);
/// All elements of an iterable.
ValueList collect(Runtime& runtime, const Value& value);

/// An int (or bool) as Python's __index__ takes it; throws Fault naming `what`.
int64_t index_of(const Value& value, std::string_view what);
/// int, float or bool as a double; throws Fault naming `what`.
double real_of(const Value& value, std::string_view what);
/// Throws Fault unless `value` is a str.
const std::string& text_of(const Value& value, std::string_view what);

/// Throws what using an undefined value throws.
[[noreturn]] void use_of_undefined(const Value& value);
/// HTML-escapes & < > ' ".
std::string escape_html(std::string_view text);

}  // namespace temper::text::jinja
