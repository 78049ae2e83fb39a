#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/python_text.h"
#include "text/jinja/text_format.h"

namespace temper::text::jinja {
namespace {

bool is_number(const Value& value) {
  return value.is(Kind::boolean) || value.is(Kind::integer) || value.is(Kind::real);
}

bool is_whole(const Value& value) {
  return value.is(Kind::boolean) || value.is(Kind::integer);
}

int64_t whole(const Value& value) {
  return value.is(Kind::boolean) ? int64_t{value.boolean()} : value.integer();
}

double as_real(const Value& value) {
  return value.is(Kind::real) ? value.real() : static_cast<double>(whole(value));
}

/// -1, 0, 1, or 2 when one of them is NaN; exact also where an int has no double.
int compare_numbers(const Value& left, const Value& right) {
  if (is_whole(left) && is_whole(right)) return whole(left) < whole(right) ? -1 : whole(left) > whole(right);
  if (left.is(Kind::real) && right.is(Kind::real)) {
    if (std::isnan(left.real()) || std::isnan(right.real())) return 2;
    return left.real() < right.real() ? -1 : left.real() > right.real();
  }
  if (left.is(Kind::real)) {
    const int reversed = compare_numbers(right, left);
    return reversed == 2 ? 2 : -reversed;
  }
  constexpr double kTwoTo63 = 9223372036854775808.0;
  const double real = right.real();
  if (std::isnan(real)) return 2;
  if (real >= kTwoTo63) return -1;
  if (real < -kTwoTo63) return 1;
  const auto truncated = static_cast<int64_t>(real);
  if (whole(left) != truncated) return whole(left) < truncated ? -1 : 1;
  const double rest = real - static_cast<double>(truncated);
  return rest > 0 ? -1 : rest < 0;
}

/// Lists equal lists, tuples tuples; each kind of view only itself.
bool same_sequence_kind(const Value& left, const Value& right) {
  return left.is(Kind::sequence) && right.is(Kind::sequence) && left.sequence().kind == right.sequence().kind;
}

[[noreturn]] void bad_operands(std::string_view symbol, const Value& left, const Value& right) {
  if (left.is(Kind::undefined)) use_of_undefined(left);
  if (right.is(Kind::undefined)) use_of_undefined(right);
  if (symbol == "+" && left.is(Kind::text)) fault("can only concatenate str (not \"{}\") to str", type_name(right));
  fault("unsupported operand type(s) for {}: '{}' and '{}'", symbol, type_name(left), type_name(right));
}

constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};

using Overflowing = bool (*)(int64_t, int64_t, int64_t*);

Value checked(Overflowing compute, int64_t left, int64_t right) {
  int64_t result = 0;
  if (compute(left, right, &result)) unsupported("integers beyond 64 bits");
  return Value(result);
}

bool add_overflows(int64_t left, int64_t right, int64_t* sum) {
  return __builtin_add_overflow(left, right, sum);
}
bool subtract_overflows(int64_t left, int64_t right, int64_t* difference) {
  return __builtin_sub_overflow(left, right, difference);
}
bool multiply_overflows(int64_t left, int64_t right, int64_t* product) {
  return __builtin_mul_overflow(left, right, product);
}

Value whole_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) unsupported("integers beyond 64 bits");
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) unsupported("integers beyond 64 bits");
  }
  return Value(result);
}

Value whole_binary(BinaryOperator op, int64_t left, int64_t right) {
  switch (op) {
    case BinaryOperator::add:
      return checked(add_overflows, left, right);
    case BinaryOperator::subtract:
      return checked(subtract_overflows, left, right);
    case BinaryOperator::multiply:
      return checked(multiply_overflows, left, right);
    case BinaryOperator::divide:
      if (right == 0) fault("division by zero");
      return Value(static_cast<double>(left) / static_cast<double>(right));
    case BinaryOperator::floor_divide:
    case BinaryOperator::modulo: {
      if (right == 0) fault("integer division or modulo by zero");
      if (right == -1) {  // INT64_MIN / -1 traps
        if (op == BinaryOperator::modulo) return Value(int64_t{0});
        return checked(subtract_overflows, 0, left);
      }
      const int64_t rest = left % right;
      const bool adjust = rest != 0 && (rest < 0) != (right < 0);
      if (op == BinaryOperator::modulo) return Value(adjust ? rest + right : rest);
      return Value(adjust ? left / right - 1 : left / right);
    }
    case BinaryOperator::power:
      if (right >= 0) return whole_power(left, right);
      if (left == 0) fault("0.0 cannot be raised to a negative power");
      return Value(std::pow(static_cast<double>(left), static_cast<double>(right)));
  }
  return Value();
}

Value real_binary(BinaryOperator op, double left, double right) {
  switch (op) {
    case BinaryOperator::add:
      return Value(left + right);
    case BinaryOperator::subtract:
      return Value(left - right);
    case BinaryOperator::multiply:
      return Value(left * right);
    case BinaryOperator::divide:
      if (right == 0) fault("float division by zero");
      return Value(left / right);
    case BinaryOperator::floor_divide:
    case BinaryOperator::modulo: {
      if (right == 0) fault("{}", op == BinaryOperator::modulo ? "float modulo" : "float floor division by zero");
      double rest = std::fmod(left, right);
      if (rest != 0 && (rest < 0) != (right < 0)) rest += right;
      if (rest == 0) rest = std::copysign(0.0, right);
      if (op == BinaryOperator::modulo) return Value(rest);
      const double quotient = (left - rest) / right;
      if (quotient == 0) return Value(std::copysign(0.0, left / right));
      const double floored = std::floor(quotient);
      return Value(quotient - floored > 0.5 ? floored + 1 : floored);
    }
    case BinaryOperator::power:
      if (left == 0 && right < 0) fault("0.0 cannot be raised to a negative power");
      if (left < 0 && std::isfinite(right) && right != std::floor(right)) unsupported("complex numbers");
      return Value(std::pow(left, right));
  }
  return Value();
}

Value repeated(Runtime& runtime, const Value& value, int64_t times) {
  if (value.is(Kind::text)) {
    TextBuilder out(runtime);
    out.repeat(value.text(), times);
    return runtime.text(out.take(), value.markup());
  }
  const ValueList& items = value.items();
  ValueList out;
  if (times > 0 && !items.empty()) {
    if (static_cast<uint64_t>(times) > SIZE_MAX / sizeof(Value) / items.size()) runtime.use_bytes(SIZE_MAX);
    runtime.use_bytes(items.size() * sizeof(Value) * static_cast<size_t>(times));
    out.reserve(items.size() * static_cast<size_t>(times));
    for (int64_t i = 0; i < times; ++i) out.insert(out.end(), items.begin(), items.end());
  }
  return runtime.list(std::move(out), value.sequence().kind);
}

bool is_repeatable(const Value& value) {
  return value.is(Kind::text) || value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple);
}

Value concatenated(Runtime& runtime, const Value& left, const Value& right) {
  TextBuilder out(runtime);
  const bool markup = left.markup() || right.markup();
  const auto append = [&](const Value& side) {
    if (markup && !side.markup()) {
      out += escape_html(side.text());
    } else {
      out += side.text();
    }
  };
  append(left);
  append(right);
  return runtime.text(out.take(), markup);
}

}  // namespace

bool truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::none:
    case Kind::undefined:
      return false;
    case Kind::boolean:
      return value.boolean();
    case Kind::integer:
      return value.integer() != 0;
    case Kind::real:
      return value.real() != 0;
    case Kind::text:
      return !value.text().empty();
    case Kind::sequence:
      return !value.items().empty();
    case Kind::mapping:
      return !value.mapping().entries().empty();
    case Kind::object:
      return true;
  }
  return true;
}

bool equals(Runtime& runtime, const Value& left, const Value& right) {
  runtime.step();
  if (is_number(left) && is_number(right)) return compare_numbers(left, right) == 0;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::text:
      if (left.text().size() != right.text().size()) return false;
      runtime.step(static_cast<int64_t>(left.text().size() / 64));
      return left.text() == right.text();
    case Kind::sequence:
      if (!same_sequence_kind(left, right)) return false;
      return std::equal(left.items().begin(), left.items().end(), right.items().begin(), right.items().end(),
                        [&](const Value& a, const Value& b) { return equals(runtime, a, b); });
    case Kind::mapping: {
      const auto& entries = left.mapping().entries();
      if (entries.size() != right.mapping().entries().size()) return false;
      return std::all_of(entries.begin(), entries.end(), [&](const DictObject::Entry& entry) {
        const Value* other = right.mapping().find(runtime, entry.key);
        return other != nullptr && equals(runtime, entry.value, *other);
      });
    }
    case Kind::object:
      return &left.object() == &right.object();
    default:
      return true;  // None and None, undefined and undefined
  }
}

bool less(Runtime& runtime, const Value& left, const Value& right) {
  runtime.step();
  if (is_number(left) && is_number(right)) return compare_numbers(left, right) == -1;
  if (left.is(Kind::text) && right.is(Kind::text)) return left.text() < right.text();
  if (same_sequence_kind(left, right) && is_repeatable(left)) {
    const ValueList &a = left.items(), &b = right.items();
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
      if (!equals(runtime, a[i], b[i])) return less(runtime, a[i], b[i]);
    }
    return a.size() < b.size();
  }
  if (left.is(Kind::undefined)) use_of_undefined(left);
  if (right.is(Kind::undefined)) use_of_undefined(right);
  fault("'<' not supported between instances of '{}' and '{}'", type_name(left), type_name(right));
}

bool contains(Runtime& runtime, const Value& haystack, const Value& needle) {
  switch (haystack.kind()) {
    case Kind::text:
      if (!needle.is(Kind::text)) fault("'in <string>' requires string as left operand, not {}", type_name(needle));
      runtime.step(static_cast<int64_t>(haystack.text().size() / 64));
      return haystack.text().find(needle.text()) != std::string::npos;
    case Kind::mapping:
      return haystack.mapping().find(runtime, needle) != nullptr;
    default:
      break;
  }
  if (!is_iterable(haystack)) fault("argument of type '{}' is not iterable", type_name(haystack));
  Iterator elements(runtime, haystack);
  while (const auto element = elements.next()) {
    if (equals(runtime, *element, needle)) return true;
  }
  return false;
}

size_t hash_value(Runtime& runtime, const Value& value) {
  runtime.step();
  switch (value.kind()) {
    case Kind::text:
      return std::hash<std::string_view>{}(value.text());
    case Kind::boolean:
    case Kind::integer:
    case Kind::real:
      return std::hash<double>{}(as_real(value));
    case Kind::object:
      return std::hash<const Object*>{}(&value.object());
    case Kind::none:
    case Kind::undefined:
      return static_cast<size_t>(value.kind());
    case Kind::sequence:
      if (value.sequence().kind != SequenceKind::list) {
        size_t hash = value.items().size();
        for (const Value& item : value.items()) hash = hash * 1000003 + hash_value(runtime, item);
        return hash;
      }
      break;
    case Kind::mapping:
      break;
  }
  fault("unhashable type: '{}'", type_name(value));
}

std::optional<int64_t> length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::text:
      return count_code_points(value.text());
    case Kind::sequence:
      return static_cast<int64_t>(value.items().size());
    case Kind::mapping:
      return static_cast<int64_t>(value.mapping().entries().size());
    default:
      return std::nullopt;
  }
}

Value binary(Runtime& runtime, BinaryOperator op, const Value& left, const Value& right) {
  if (is_whole(left) && is_whole(right)) return whole_binary(op, whole(left), whole(right));
  if (is_number(left) && is_number(right)) return real_binary(op, as_real(left), as_real(right));
  const std::string_view symbol = kSymbols[static_cast<size_t>(op)];
  if (right.is(Kind::undefined)) use_of_undefined(right);
  if (op == BinaryOperator::add) {
    if (left.is(Kind::text) && right.is(Kind::text)) return concatenated(runtime, left, right);
    if (same_sequence_kind(left, right) && is_repeatable(left)) {
      ValueList items = left.items();
      runtime.use_bytes((items.size() + right.items().size()) * sizeof(Value));
      items.insert(items.end(), right.items().begin(), right.items().end());
      return runtime.list(std::move(items), left.sequence().kind);
    }
  }
  if (op == BinaryOperator::multiply) {
    if (is_repeatable(left) && is_whole(right)) return repeated(runtime, left, whole(right));
    if (is_whole(left) && is_repeatable(right)) return repeated(runtime, right, whole(left));
  }
  if (op == BinaryOperator::modulo && left.is(Kind::text)) return format_percent(runtime, left, right);
  bad_operands(symbol, left, right);
}

Value negate(const Value& value) {
  if (is_whole(value)) return whole_binary(BinaryOperator::subtract, 0, whole(value));
  if (value.is(Kind::real)) return Value(-value.real());
  if (value.is(Kind::undefined)) use_of_undefined(value);
  fault("bad operand type for unary -: '{}'", type_name(value));
}

Value identity(const Value& value) {
  if (is_whole(value)) return Value(whole(value));
  if (value.is(Kind::real)) return value;
  if (value.is(Kind::undefined)) use_of_undefined(value);
  fault("bad operand type for unary +: '{}'", type_name(value));
}

int64_t index_of(const Value& value, std::string_view what) {
  if (value.is(Kind::undefined)) use_of_undefined(value);
  if (!is_whole(value)) fault("{}: '{}' object cannot be interpreted as an integer", what, type_name(value));
  return whole(value);
}

double real_of(const Value& value, std::string_view what) {
  if (value.is(Kind::undefined)) use_of_undefined(value);
  if (!is_number(value)) fault("{}: must be real number, not {}", what, type_name(value));
  return as_real(value);
}

const std::string& text_of(const Value& value, std::string_view what) {
  if (value.is(Kind::undefined)) use_of_undefined(value);
  if (!value.is(Kind::text)) fault("{}: must be str, not {}", what, type_name(value));
  return value.text();
}

void use_of_undefined(const Value& value) {
  throw Fault(ErrorCode::invalid_argument, value.undefined_message());
}

}  // namespace temper::text::jinja
