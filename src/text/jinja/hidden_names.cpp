// Which names of a scope are undefined until the scope sets them.
//
// Jinja compiles a template scope by scope and decides where each name comes from when it first meets it: a name that
// is read first comes from outside; one that is set first, unconditionally, and that no enclosing scope mentions, is
// local and starts undefined, even if the caller passed a variable of that name. Templates see the difference when a
// macro or a loop body, which count as later, reads the name before the assignment has run.
#include <map>

#include "text/jinja/parser.h"

namespace temper::text::jinja {
namespace {

enum class Source : uint8_t { outside, hidden };

struct Symbols {
  const Symbols* parent = nullptr;
  std::map<std::string_view, Source> names = {};

  bool knows(std::string_view name) const { return names.contains(name) || (parent != nullptr && parent->knows(name)); }
  void load(std::string_view name) {
    if (!knows(name)) names.emplace(name, Source::outside);
  }
  /// A name that an {% if %} sets comes from outside when the branch isn't taken.
  void store(std::string_view name, bool conditionally) {
    if (names.contains(name)) return;
    const bool from_outside = conditionally || (parent != nullptr && parent->knows(name));
    names.emplace(name, from_outside ? Source::outside : Source::hidden);
  }
  void declare(std::string_view name) { names[name] = Source::outside; }  // a parameter: always set
  std::vector<std::string> hidden() const {
    std::vector<std::string> result;
    for (const auto& [name, source] : names) {
      if (source == Source::hidden) result.emplace_back(name);
    }
    return result;
  }
};

class Visitor {
 public:
  explicit Visitor(const Symbols* parent) : symbols_{parent} {}
  Symbols& symbols() { return symbols_; }

  void expression(const ExprPtr& expr) {
    if (expr) std::visit([&](const auto& node) { visit(node); }, expr->node);
  }

  void statements(const Statements& list) {
    for (const Statement& statement : list) std::visit([&](const auto& node) { visit(node); }, statement.node);
  }

  void assign(const Target& target, bool as_parameter) {
    if (target.is_tuple) {
      for (const Target& each : target.several) assign(each, as_parameter);
    } else if (!target.attribute.empty()) {
      symbols_.load(target.name);
    } else if (as_parameter) {
      symbols_.declare(target.name);
    } else {
      symbols_.store(target.name, is_conditional_);
    }
  }

 private:
  void visit(const Literal&) {}
  void visit(const Name& node) { symbols_.load(node.name); }
  void visit(const ListLiteral& node) { each(node.items); }
  void visit(const DictLiteral& node) {
    for (const auto& [key, value] : node.entries) {
      expression(key);
      expression(value);
    }
  }
  void visit(const Attribute& node) { expression(node.object); }
  void visit(const Item& node) {
    expression(node.object);
    expression(node.key);
  }
  void visit(const SliceExpr& node) {
    for (const ExprPtr* part : {&node.object, &node.start, &node.stop, &node.step}) expression(*part);
  }
  void visit(const Call& node) {
    expression(node.callee);
    visit(node.arguments);
  }
  void visit(const CallArguments& node) {
    each(node.positional);
    for (const auto& [name, value] : node.keywords) expression(value);
    expression(node.star);
    expression(node.double_star);
  }
  void visit(const FilterExpr& node) {
    expression(node.subject);
    visit(node.arguments);
  }
  void visit(const TestExpr& node) {
    expression(node.subject);
    visit(node.arguments);
  }
  void visit(const Unary& node) { expression(node.operand); }
  void visit(const Binary& node) {
    expression(node.left);
    expression(node.right);
  }
  void visit(const Logical& node) {
    expression(node.left);
    expression(node.right);
  }
  void visit(const Compare& node) {
    expression(node.first);
    for (const auto& [op, operand] : node.rest) expression(operand);
  }
  void visit(const Concat& node) { each(node.parts); }
  void visit(const Conditional& node) {
    for (const ExprPtr* part : {&node.condition, &node.then, &node.otherwise}) expression(*part);
  }
  void each(const std::vector<ExprPtr>& items) {
    for (const ExprPtr& item : items) expression(item);
  }

  // Statements with a scope of their own are only looked at from outside here.
  void visit(const Data&) {}
  void visit(const Break&) {}
  void visit(const Continue&) {}
  void visit(const Generation&) {}
  void visit(const Print& node) { expression(node.value); }
  void visit(const Set& node) {
    expression(node.value);
    assign(node.target, false);
  }
  void visit(const SetBlock& node) { assign(node.target, false); }
  void visit(const For& node) { expression(node.iterable); }
  void visit(const MacroDefinition& node) { symbols_.store(node.name, is_conditional_); }
  void visit(const CallBlock& node) { expression(node.call); }
  void visit(const FilterBlock& node) { expression(node.filters); }
  void visit(const With& node) {
    for (const auto& [target, value] : node.assignments) expression(value);
  }
  void visit(const If& node) {
    const bool outer = std::exchange(is_conditional_, true);
    for (const auto& [condition, body] : node.branches) {
      expression(condition);
      statements(body);
    }
    statements(node.otherwise);
    is_conditional_ = outer;
  }

  Symbols symbols_;
  bool is_conditional_ = false;
};

/// Descends into the scopes below a scope whose own names are known.
class Annotator {
 public:
  explicit Annotator(const Symbols& outer) : outer_(outer) {}

  void statements(Statements& list) {
    for (Statement& statement : list) std::visit([&](auto& node) { visit(node); }, statement.node);
  }

  /// Analyses a scope; `prepare` declares its parameters.
  template <class Prepare>
  void scope(Block& block, Prepare prepare) {
    Visitor visitor(&outer_);
    prepare(visitor);
    visitor.statements(block.statements);
    block.hidden = visitor.symbols().hidden();
    Annotator(visitor.symbols()).statements(block.statements);
  }
  void scope(Block& block) {
    scope(block, [](Visitor&) {});
  }

 private:
  template <class Plain>
  void visit(Plain&) {}
  void visit(If& node) {
    for (auto& [condition, body] : node.branches) statements(body);
    statements(node.otherwise);
  }
  void visit(SetBlock& node) { scope(node.body); }
  void visit(FilterBlock& node) { scope(node.body); }
  void visit(Generation& node) { scope(node.body); }
  void visit(For& node) {
    scope(node.body, [&](Visitor& visitor) {
      if (node.uses_loop) visitor.symbols().declare("loop");
      visitor.assign(node.target, true);
    });
    scope(node.otherwise);
  }
  void visit(With& node) {
    scope(node.body, [&](Visitor& visitor) {
      for (const auto& [target, value] : node.assignments) visitor.assign(target, true);
    });
  }
  void visit(MacroDefinition& node) {
    scope(node.body, [&](Visitor& visitor) {
      for (const Parameter& parameter : node.parameters) {
        visitor.symbols().declare(parameter.name);
        visitor.expression(parameter.fallback);
      }
    });
  }
  void visit(CallBlock& node) { visit(node.caller); }

  const Symbols& outer_;
};

}  // namespace

void find_hidden_names(Block& root) {
  Visitor visitor(nullptr);
  visitor.statements(root.statements);
  root.hidden = visitor.symbols().hidden();
  Annotator(visitor.symbols()).statements(root.statements);
}

}  // namespace temper::text::jinja
