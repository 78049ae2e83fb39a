#include <algorithm>

#include "text/jinja/interpreter.h"
#include "text/jinja/loop_state.h"

namespace temper::text::jinja {

/// A macro and the scope it was defined in, whose variables it sees as they are when it is called.
class Macro final : public Object {
 public:
  Macro(Interpreter& interpreter, const MacroDefinition& definition, Scope& scope)
      : interpreter_(interpreter), definition_(definition), scope_(scope) {}
  std::string_view type_name() const override { return "Macro"; }
  bool callable() const override { return true; }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override {
    if (name == "name") return runtime.text(definition_.name);
    if (name != "arguments") return std::nullopt;
    ValueList names;
    for (const Parameter& parameter : definition_.parameters) names.push_back(runtime.text(parameter.name));
    return runtime.tuple(std::move(names));
  }
  Value call(Runtime&, Arguments& arguments) override {
    return interpreter_.call_macro(definition_, scope_.shared_from_this(), arguments);
  }

 private:
  Interpreter& interpreter_;
  const MacroDefinition& definition_;
  Scope& scope_;  // kept alive by the interpreter
};

Interpreter::Interpreter(Runtime& runtime, ScopePtr globals) : runtime_(runtime), scope_(std::move(globals)) {}

Interpreter::~Interpreter() {
  for (const ScopePtr& scope : captured_scopes_) scope->variables.clear();
}

Interpreter::Entered::Entered(Interpreter& interpreter, ScopePtr parent) : interpreter_(interpreter) {
  interpreter.runtime_.use_bytes(sizeof(Scope));
  before_ = std::exchange(interpreter.scope_, std::make_shared<Scope>(std::move(parent)));
}

Interpreter::Entered::Entered(Interpreter& interpreter, const Block& block) : Entered(interpreter, interpreter.scope_) {
  interpreter.hide(block.hidden);
}

Rendered Interpreter::run(const Block& root) {
  const Entered entered(*this, root);
  run_statements(root.statements);
  // Like Transformers, a block inside a macro or {% set %} counts from what the template had written before it, which
  // is right where that text is printed at once; elsewhere the span could lie past the end.
  for (auto& [begin, end] : generation_spans_) {
    begin = std::min(begin, root_output_.size());
    end = std::min(end, root_output_.size());
  }
  return {std::move(root_output_), std::move(generation_spans_)};
}

void Interpreter::hide(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    scope_->variables.insert_or_assign(name, Value::undefined(fmt::format("'{}' is undefined", name)));
}

void Interpreter::write(std::string_view text) {
  runtime_.use_bytes(text.size());
  *output_ += text;
  if (static_cast<int64_t>(root_output_.size()) > runtime_.limits().output_bytes)
    fault("the rendered text is longer than {} bytes", runtime_.limits().output_bytes);
}

template <class Body>
Value Interpreter::captured(Body body) {
  std::string text;
  std::string* outer = std::exchange(output_, &text);
  try {
    body();
  } catch (...) {
    output_ = outer;
    throw;
  }
  output_ = outer;
  return runtime_.text(std::move(text));
}

Interpreter::Flow Interpreter::run_statements(const Statements& statements) {
  const Runtime::Nested nested(runtime_);
  for (const Statement& statement : statements) {
    runtime_.step();
    runtime_.line = statement.line;
    const Flow flow = std::visit([&](const auto& node) { return run(node); }, statement.node);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_block(const Block& block) {
  const Entered entered(*this, block);
  return run_statements(block.statements);
}

Interpreter::Flow Interpreter::run(const Data& node) {
  write(node.text);
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const Print& node) {
  const Value value = evaluate(node.value);
  if (value.is(Kind::text)) {
    write(value.text());
  } else {
    write(to_text(runtime_, value));
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const Set& node) {
  assign(node.target, evaluate(node.value));
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const SetBlock& node) {
  Flow flow = Flow::normal;
  const Value text = captured([&] { flow = run_block(node.body); });
  if (flow != Flow::normal) return flow;
  assign(node.target, filtered(node.filters, text));
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const FilterBlock& node) {
  Flow flow = Flow::normal;
  const Value text = captured([&] { flow = run_block(node.body); });
  if (flow == Flow::normal) write(text_of(filtered(node.filters, text), "the result of a {% filter %} block"));
  return flow;
}

Interpreter::Flow Interpreter::run(const Generation& node) {
  const size_t begin = root_output_.size();
  const Value text = captured([&] { run_block(node.body); });
  generation_spans_.emplace_back(begin, begin + text.text().size());
  write(text.text());
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const With& node) {
  std::vector<Value> values;
  for (const auto& [target, value] : node.assignments) values.push_back(evaluate(value));
  const Entered entered(*this, node.body);
  for (size_t i = 0; i < values.size(); ++i) assign(node.assignments[i].first, values[i]);
  return run_statements(node.body.statements);
}

Interpreter::Flow Interpreter::run(const If& node) {
  for (const auto& [condition, body] : node.branches) {
    if (truthy(evaluate(condition))) return run_statements(body);
  }
  return run_statements(node.otherwise);
}

Interpreter::Flow Interpreter::run(const For& node) {
  const Value iterable = evaluate(node.iterable);
  const auto elements = std::make_shared<Iterator>(runtime_, iterable);
  LoopState::Next next = [elements] { return elements->next(); };
  if (node.condition) {
    next = [this, elements, &node, outer = scope_]() -> std::optional<Value> {
      while (auto element = elements->next()) {
        const Entered entered(*this, outer);
        assign(node.target, *element);
        if (truthy(evaluate(node.condition))) return element;
      }
      return std::nullopt;
    };
  }
  const auto loop = std::make_shared<LoopState>(std::move(next), node.condition ? std::nullopt : elements->length(),
                                                runtime_.depth_above(iterable));
  loop->set_self(loop);
  struct Finish {
    LoopState& state;
    ~Finish() { state.finish(); }
  } const finish{*loop};
  bool completed = false;  // a body; Jinja's else also runs when every iteration was left by break or continue
  while (loop->advance(runtime_)) {
    const Entered entered(*this, node.body);
    if (node.uses_loop) scope_->variables.insert_or_assign("loop", Value(std::shared_ptr<Object>(loop)));
    assign(node.target, loop->current());
    const Flow flow = run_statements(node.body.statements);
    if (flow == Flow::leave_loop) break;
    completed |= flow == Flow::normal;
  }
  if (!completed) return run_block(node.otherwise);
  return Flow::normal;
}

Value Interpreter::macro(const MacroDefinition& definition) {
  runtime_.use_bytes(sizeof(Macro) + sizeof(ScopePtr));
  if (captured_scopes_.empty() || captured_scopes_.back() != scope_) captured_scopes_.push_back(scope_);
  return Value(std::shared_ptr<Object>(std::make_shared<Macro>(*this, definition, *scope_)));
}

Interpreter::Flow Interpreter::run(const MacroDefinition& node) {
  scope_->variables.insert_or_assign(node.name, macro(node));
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const CallBlock& node) {
  const jinja::Call& called = std::get<jinja::Call>(node.call->node);
  const Value callee = evaluate(called.callee);
  Arguments arguments = evaluate(called.arguments);
  arguments.keywords.emplace_back("caller", macro(node.caller));
  runtime_.line = node.call->line;
  write(text_of(call(runtime_, callee, arguments), "the result of a {% call %} block"));
  return Flow::normal;
}

Value Interpreter::call_macro(const MacroDefinition& definition, ScopePtr scope, Arguments& arguments) {
  const auto& parameters = definition.parameters;
  const auto has_parameter = [&](std::string_view name) {
    return std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.name == name; });
  };
  const auto take_keyword = [&](std::string_view name) -> std::optional<Value> {
    const auto found = std::find_if(arguments.keywords.begin(), arguments.keywords.end(),
                                    [&](const auto& keyword) { return keyword.first == name; });
    if (found == arguments.keywords.end()) return std::nullopt;
    Value value = std::move(found->second);
    arguments.keywords.erase(found);
    return value;
  };
  auto& positional = arguments.positional;
  std::vector<std::optional<Value>> values;
  for (size_t i = 0; i < parameters.size(); ++i)
    values.push_back(i < positional.size() ? std::optional(positional[i]) : take_keyword(parameters[i].name));

  const int line = runtime_.line;
  const Entered entered(*this, std::move(scope));
  hide(definition.body.hidden);
  auto& variables = scope_->variables;
  if (definition.uses_caller && !has_parameter("caller"))
    variables["caller"] = take_keyword("caller").value_or(Value::undefined("No caller defined"));
  if (definition.uses_kwargs && !has_parameter("kwargs")) {
    std::vector<DictObject::Entry> entries;
    for (auto& [name, value] : arguments.keywords) entries.push_back({runtime_.text(name), std::move(value)});
    variables["kwargs"] = runtime_.dict(std::move(entries));
  } else if (!arguments.keywords.empty()) {
    fault("macro '{}' takes no keyword argument '{}'", definition.name, arguments.keywords[0].first);
  }
  const size_t taken = std::min(positional.size(), parameters.size());
  if (definition.uses_varargs && !has_parameter("varargs")) {
    variables["varargs"] =
        runtime_.tuple(ValueList(positional.begin() + static_cast<std::ptrdiff_t>(taken), positional.end()));
  } else if (positional.size() > taken) {
    fault("macro '{}' takes not more than {} argument(s)", definition.name, parameters.size());
  }

  // A default sees the parameters before it; itself and those after it are undefined.
  for (size_t i = 0; i < parameters.size(); ++i) {
    variables[parameters[i].name] =
        values[i] ? *values[i] : Value::undefined(fmt::format("'{}' is undefined", parameters[i].name));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (values[i]) continue;
    Value fallback = parameters[i].fallback
                         ? evaluate(parameters[i].fallback)
                         : Value::undefined(fmt::format("parameter '{}' was not provided", parameters[i].name));
    variables[parameters[i].name] = std::move(fallback);
  }
  Value text = captured([&] { run_statements(definition.body.statements); });
  runtime_.line = line;
  return text;
}

void Interpreter::assign(const Target& target, const Value& value) {
  runtime_.step();
  if (target.is_tuple) {
    if (!is_iterable(value)) fault("cannot unpack non-iterable {} object", type_name(value));
    const ValueList items = collect(runtime_, value);
    const size_t wanted = target.several.size();
    if (items.size() > wanted) fault("too many values to unpack (expected {})", wanted);
    if (items.size() < wanted) fault("not enough values to unpack (expected {}, got {})", wanted, items.size());
    for (size_t i = 0; i < wanted; ++i) assign(target.several[i], items[i]);
    return;
  }
  if (target.attribute.empty()) {
    scope_->variables.insert_or_assign(target.name, value);
    return;
  }
  const Value* found = find(target.name);
  if (found == nullptr) fault("'{}' is undefined", target.name);
  auto* space = found->is(Kind::object) ? dynamic_cast<Namespace*>(&found->object()) : nullptr;
  if (space == nullptr) fault("cannot assign attribute on non-namespace object");
  space->set(runtime_, target.attribute, value);
}

}  // namespace temper::text::jinja
