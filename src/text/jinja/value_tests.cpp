// The tests: value is name(arguments).
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/text_search.h"

namespace temper::text::jinja {
namespace {

template <Kind kind>
bool has_kind(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("test", arguments, {});
  return subject.is(kind);
}

bool is_defined(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("defined", arguments, {});
  return !subject.is(Kind::undefined);
}

template <bool value>
bool is_bool(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("true", arguments, {});
  return subject.is(Kind::boolean) && subject.boolean() == value;
}

bool is_number_test(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("number", arguments, {});
  return subject.is(Kind::boolean) || subject.is(Kind::integer) || subject.is(Kind::real);
}

bool is_sequence_test(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("sequence", arguments, {});
  const bool is_view = subject.is_sequence(SequenceKind::keys_view) || subject.is_sequence(SequenceKind::values_view) ||
                       subject.is_sequence(SequenceKind::items_view);
  return length_of(subject).has_value() && !is_view;
}

bool is_iterable_test(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("iterable", arguments, {});
  return is_iterable(subject);
}

bool is_callable_test(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("callable", arguments, {});
  return subject.is(Kind::undefined) || (subject.is(Kind::object) && subject.object().callable());
}

bool is_escaped_test(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("escaped", arguments, {});
  return subject.is(Kind::text) && subject.markup();
}

bool divides(Runtime& runtime, const Value& subject, const Value& by, int64_t rest) {
  return equals(runtime, binary(runtime, BinaryOperator::modulo, subject, by), Value(rest));
}

bool is_odd_test(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("odd", arguments, {});
  return divides(runtime, subject, Value(int64_t{2}), 1);
}

bool is_even_test(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("even", arguments, {});
  return divides(runtime, subject, Value(int64_t{2}), 0);
}

bool is_divisible_test(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  return divides(runtime, subject, Bound("divisibleby", arguments, {"num"}, 1).at(0), 0);
}

template <bool uppercase>
bool has_case(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("lower", arguments, {});
  return has_one_case(to_text(runtime, subject), uppercase);
}

bool is_in_test(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  return contains(runtime, Bound("in", arguments, {"seq"}, 1).at(0), subject);
}

bool is_same_test(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Value other = Bound("sameas", arguments, {"other"}, 1).at(0);
  const bool singleton = subject.is(Kind::none) || subject.is(Kind::boolean) || subject.is(Kind::object);
  if (!singleton && subject.kind() == other.kind()) unsupported("the test 'sameas' on a {}", type_name(subject));
  return subject.kind() == other.kind() && equals(runtime, subject, other);
}

enum class Order : uint8_t { equal, unequal, less, less_equal, greater, greater_equal };

template <Order order>
bool compares(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("comparison", arguments, {""}, 1);
  const Value& other = bound.at(0);
  switch (order) {
    case Order::equal:
      return equals(runtime, subject, other);
    case Order::unequal:
      return !equals(runtime, subject, other);
    case Order::less:
      return less(runtime, subject, other);
    case Order::less_equal:
      return less(runtime, subject, other) || equals(runtime, subject, other);
    case Order::greater:
      return less(runtime, other, subject);
    case Order::greater_equal:
      return less(runtime, other, subject) || equals(runtime, subject, other);
  }
  return false;
}

bool is_filter_name(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("filter", arguments, {});
  return subject.is(Kind::text) && filter_availability(subject.text()) != Availability::unknown;
}

bool is_test_name(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("test", arguments, {});
  return subject.is(Kind::text) && test_availability(subject.text()) != Availability::unknown;
}

constexpr std::pair<std::string_view, Test> kTests[] = {
    {"!=", compares<Order::unequal>},
    {"<", compares<Order::less>},
    {"<=", compares<Order::less_equal>},
    {"==", compares<Order::equal>},
    {">", compares<Order::greater>},
    {">=", compares<Order::greater_equal>},
    {"boolean", has_kind<Kind::boolean>},
    {"callable", is_callable_test},
    {"defined", is_defined},
    {"divisibleby", is_divisible_test},
    {"eq", compares<Order::equal>},
    {"equalto", compares<Order::equal>},
    {"escaped", is_escaped_test},
    {"even", is_even_test},
    {"false", is_bool<false>},
    {"filter", is_filter_name},
    {"float", has_kind<Kind::real>},
    {"ge", compares<Order::greater_equal>},
    {"greaterthan", compares<Order::greater>},
    {"gt", compares<Order::greater>},
    {"in", is_in_test},
    {"integer", has_kind<Kind::integer>},
    {"iterable", is_iterable_test},
    {"le", compares<Order::less_equal>},
    {"lessthan", compares<Order::less>},
    {"lower", has_case<false>},
    {"lt", compares<Order::less>},
    {"mapping", has_kind<Kind::mapping>},
    {"ne", compares<Order::unequal>},
    {"none", has_kind<Kind::none>},
    {"number", is_number_test},
    {"odd", is_odd_test},
    {"sameas", is_same_test},
    {"sequence", is_sequence_test},
    {"string", has_kind<Kind::text>},
    {"test", is_test_name},
    {"true", is_bool<true>},
    {"undefined", has_kind<Kind::undefined>},
    {"upper", has_case<true>},
};

Test find_test(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kTests), std::end(kTests), [&](const auto& t) { return t.first == name; });
  return found != std::end(kTests) ? found->second : nullptr;
}

}  // namespace

Availability test_availability(std::string_view name) {
  return find_test(name) != nullptr ? Availability::present : Availability::unknown;
}

bool apply_test(Runtime& runtime, std::string_view name, const Value& subject, const Arguments& arguments) {
  runtime.step();
  const Test test = find_test(name);
  if (test == nullptr) unsupported("the test '{}'", name);
  return test(runtime, subject, arguments);
}

}  // namespace temper::text::jinja
