#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/interpreter.h"

namespace temper::text::jinja {

const Value* Interpreter::find(std::string_view name) const {
  for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->parent.get()) {
    if (const auto found = scope->variables.find(name); found != scope->variables.end()) return &found->second;
  }
  return nullptr;
}

Value Interpreter::evaluate(const ExprPtr& expr) {
  const Runtime::Nested nested(runtime_);
  runtime_.step();
  runtime_.line = expr->line;
  return std::visit([&](const auto& node) { return evaluate(node, expr->line); }, expr->node);
}

Value Interpreter::evaluate(const Literal& node, int) {
  return node.value;
}

Value Interpreter::evaluate(const Name& node, int) {
  const Value* found = find(node.name);
  return found != nullptr ? *found : Value::undefined(fmt::format("'{}' is undefined", node.name));
}

Value Interpreter::evaluate(const ListLiteral& node, int) {
  ValueList items;
  items.reserve(node.items.size());
  for (const ExprPtr& item : node.items) items.push_back(evaluate(item));
  return runtime_.list(std::move(items), node.is_tuple ? SequenceKind::tuple : SequenceKind::list);
}

Value Interpreter::evaluate(const DictLiteral& node, int line) {
  std::vector<DictObject::Entry> entries;
  entries.reserve(node.entries.size());
  for (const auto& [key, value] : node.entries) {
    Value evaluated_key = evaluate(key);
    entries.push_back({std::move(evaluated_key), evaluate(value)});
  }
  runtime_.line = line;
  return runtime_.dict(std::move(entries));
}

Value Interpreter::evaluate(const Attribute& node, int line) {
  const Value object = evaluate(node.object);
  runtime_.line = line;
  return get_attribute(runtime_, object, node.name);
}

Value Interpreter::evaluate(const Item& node, int line) {
  const Value object = evaluate(node.object), key = evaluate(node.key);
  runtime_.line = line;
  return get_item(runtime_, object, key);
}

Value Interpreter::evaluate(const SliceExpr& node, int line) {
  const auto bound = [&](const ExprPtr& expr) { return expr ? evaluate(expr) : Value(); };
  const Value object = evaluate(node.object);
  const Value start = bound(node.start), stop = bound(node.stop), step = bound(node.step);
  runtime_.line = line;
  return slice(runtime_, object, start, stop, step);
}

Value Interpreter::evaluate(const Call& node, int line) {
  const Value callee = evaluate(node.callee);
  Arguments arguments = evaluate(node.arguments);
  runtime_.line = line;
  return call(runtime_, callee, arguments);
}

Value Interpreter::evaluate(const FilterExpr& node, int line) {
  const Value subject = node.subject ? evaluate(node.subject) : *block_text_;
  const Arguments arguments = evaluate(node.arguments);
  runtime_.line = line;
  return apply_filter(runtime_, node.name, subject, arguments);
}

Value Interpreter::filtered(const ExprPtr& filters, const Value& text) {
  if (!filters) return text;
  const Value* outer = std::exchange(block_text_, &text);
  Value result = evaluate(filters);
  block_text_ = outer;
  return result;
}

Value Interpreter::evaluate(const TestExpr& node, int line) {
  const Value subject = evaluate(node.subject);
  const Arguments arguments = evaluate(node.arguments);
  runtime_.line = line;
  return Value(apply_test(runtime_, node.name, subject, arguments));
}

Value Interpreter::evaluate(const Unary& node, int line) {
  const Value operand = evaluate(node.operand);
  runtime_.line = line;
  switch (node.op) {
    case UnaryOperator::minus:
      return negate(operand);
    case UnaryOperator::plus:
      return identity(operand);
    case UnaryOperator::logical_not:
      break;
  }
  return Value(!truthy(operand));
}

Value Interpreter::evaluate(const Binary& node, int line) {
  const Value left = evaluate(node.left), right = evaluate(node.right);
  runtime_.line = line;
  return binary(runtime_, node.op, left, right);
}

Value Interpreter::evaluate(const Logical& node, int) {
  Value left = evaluate(node.left);
  return truthy(left) == node.is_and ? evaluate(node.right) : left;
}

bool Interpreter::compare(Comparison comparison, const Value& left, const Value& right) {
  switch (comparison) {
    case Comparison::equal:
      return equals(runtime_, left, right);
    case Comparison::unequal:
      return !equals(runtime_, left, right);
    case Comparison::less:
      return less(runtime_, left, right);
    case Comparison::less_equal:
      return less(runtime_, left, right) || equals(runtime_, left, right);
    case Comparison::greater:
      return less(runtime_, right, left);
    case Comparison::greater_equal:
      return less(runtime_, right, left) || equals(runtime_, left, right);
    case Comparison::in:
      return contains(runtime_, right, left);
    case Comparison::not_in:
      return !contains(runtime_, right, left);
  }
  return false;
}

Value Interpreter::evaluate(const Compare& node, int line) {
  Value left = evaluate(node.first);
  for (const auto& [comparison, operand] : node.rest) {
    Value right = evaluate(operand);
    runtime_.line = line;
    if (!compare(comparison, left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Interpreter::evaluate(const Concat& node, int) {
  TextBuilder text(runtime_);
  for (const ExprPtr& part : node.parts) text += to_text(runtime_, evaluate(part));
  return runtime_.text(text.take());
}

Value Interpreter::evaluate(const Conditional& node, int line) {
  if (truthy(evaluate(node.condition))) return evaluate(node.then);
  if (node.otherwise) return evaluate(node.otherwise);
  return Value::undefined(
      fmt::format("the inline if-expression on line {} evaluated to false and no else section was defined", line));
}

Arguments Interpreter::evaluate(const CallArguments& node) {
  Arguments arguments;
  arguments.positional.reserve(node.positional.size());
  for (const ExprPtr& value : node.positional) arguments.positional.push_back(evaluate(value));
  for (const auto& [name, value] : node.keywords) arguments.keywords.emplace_back(name, evaluate(value));
  if (node.star) {
    for (Value& value : collect(runtime_, evaluate(node.star))) arguments.positional.push_back(std::move(value));
  }
  if (node.double_star) {
    const Value mapping = evaluate(node.double_star);
    if (!mapping.is(Kind::mapping)) fault("argument after ** must be a mapping, not {}", type_name(mapping));
    for (const auto& [key, value] : mapping.mapping().entries()) {
      if (!key.is(Kind::text)) fault("keywords must be strings");
      arguments.keywords.emplace_back(key.text(), value);
    }
  }
  const auto& keywords = arguments.keywords;
  for (auto it = keywords.begin(); it != keywords.end(); ++it) {
    runtime_.step();
    if (std::any_of(keywords.begin(), it, [&](const auto& earlier) { return earlier.first == it->first; }))
      fault("got multiple values for keyword argument '{}'", it->first);
  }
  return arguments;
}

}  // namespace temper::text::jinja
