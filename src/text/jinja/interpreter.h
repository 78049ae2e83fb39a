#pragma once

#include <map>

#include "text/jinja/ast.h"

namespace temper::text::jinja {

/// The variables of one block; a name not found here is looked up in the parent.
struct Scope : std::enable_shared_from_this<Scope> {
  explicit Scope(std::shared_ptr<Scope> outer) : parent(std::move(outer)) {}
  std::shared_ptr<Scope> parent;
  std::map<std::string, Value, std::less<>> variables;
};
using ScopePtr = std::shared_ptr<Scope>;

/// Runs a template once.
class Interpreter {
 public:
  /// `globals` holds the functions and the variables of the caller.
  Interpreter(Runtime& runtime, ScopePtr globals);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  Rendered run(const Block& root);

 private:
  friend class Macro;
  enum class Flow : uint8_t { normal, leave_loop, next_iteration };

  /// Makes a new scope the current one while it lives.
  class Entered {
   public:
    Entered(Interpreter& interpreter, ScopePtr parent);
    Entered(Interpreter& interpreter, const Block& block);
    ~Entered() { interpreter_.scope_ = std::move(before_); }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    Interpreter& interpreter_;
    ScopePtr before_;
  };

  // Statements (interpreter_statements.cpp).
  Flow run_statements(const Statements& statements);
  Flow run_block(const Block& block);  ///< in the current scope, after hiding its names
  Flow run(const Data& node);
  Flow run(const Print& node);
  Flow run(const Set& node);
  Flow run(const SetBlock& node);
  Flow run(const For& node);
  Flow run(const If& node);
  Flow run(const MacroDefinition& node);
  Flow run(const CallBlock& node);
  Flow run(const FilterBlock& node);
  Flow run(const With& node);
  Flow run(const Generation& node);
  Flow run(const Break&) { return Flow::leave_loop; }
  Flow run(const Continue&) { return Flow::next_iteration; }
  void assign(const Target& target, const Value& value);
  void hide(const std::vector<std::string>& names);
  void write(std::string_view text);
  /// What `body` writes, as a str.
  template <class Body>
  Value captured(Body body);
  Value macro(const MacroDefinition& definition);
  Value call_macro(const MacroDefinition& definition, ScopePtr scope, Arguments& arguments);

  // Expressions (interpreter_expressions.cpp).
  Value evaluate(const ExprPtr& expr);
  Value evaluate(const Literal& node, int line);
  Value evaluate(const Name& node, int line);
  Value evaluate(const ListLiteral& node, int line);
  Value evaluate(const DictLiteral& node, int line);
  Value evaluate(const Attribute& node, int line);
  Value evaluate(const Item& node, int line);
  Value evaluate(const SliceExpr& node, int line);
  Value evaluate(const Call& node, int line);
  Value evaluate(const FilterExpr& node, int line);
  Value evaluate(const TestExpr& node, int line);
  Value evaluate(const Unary& node, int line);
  Value evaluate(const Binary& node, int line);
  Value evaluate(const Logical& node, int line);
  Value evaluate(const Compare& node, int line);
  Value evaluate(const Concat& node, int line);
  Value evaluate(const Conditional& node, int line);
  Arguments evaluate(const CallArguments& node);
  bool compare(Comparison comparison, const Value& left, const Value& right);
  const Value* find(std::string_view name) const;
  /// Applies a chain of filters that ends in the text of a block.
  Value filtered(const ExprPtr& filters, const Value& text);

  Runtime& runtime_;
  ScopePtr scope_;
  std::string root_output_;
  std::string* output_ = &root_output_;
  const Value* block_text_ = nullptr;  // the subject of a filter without one
  std::vector<std::pair<size_t, size_t>> generation_spans_;
  std::vector<ScopePtr> captured_scopes_;  // of macros; emptied at the end, since they refer to the macros
};

/// range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
void add_global_functions(Runtime& runtime, Scope& globals);

}  // namespace temper::text::jinja
