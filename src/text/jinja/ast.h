#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/operators.h"

// The syntax tree of a template. Children are owned; every node knows its line.
namespace temper::text::jinja {

struct Expr;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  std::vector<ExprPtr> items;
  bool is_tuple = false;
};
struct DictLiteral {
  std::vector<std::pair<ExprPtr, ExprPtr>> entries;
};
struct Attribute {
  ExprPtr object;
  std::string name;
};
struct Item {
  ExprPtr object, key;
};
struct SliceExpr {
  ExprPtr object, start, stop, step;  // each bound may be null
};
struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> keywords;
  ExprPtr star, double_star;  // *x and **x, or null
};
struct Call {
  ExprPtr callee;
  CallArguments arguments;
};
struct FilterExpr {
  ExprPtr subject;  // null: the text of a {% filter %} or {% set %} block
  std::string name;
  CallArguments arguments;
};
struct TestExpr {
  ExprPtr subject;
  std::string name;
  CallArguments arguments;
};
enum class UnaryOperator : uint8_t { minus, plus, logical_not };
struct Unary {
  UnaryOperator op;
  ExprPtr operand;
};
struct Binary {
  BinaryOperator op;
  ExprPtr left, right;
};
struct Logical {
  bool is_and;
  ExprPtr left, right;
};
enum class Comparison : uint8_t { equal, unequal, less, less_equal, greater, greater_equal, in, not_in };
struct Compare {
  ExprPtr first;
  std::vector<std::pair<Comparison, ExprPtr>> rest;  // a < b < c
};
struct Concat {
  std::vector<ExprPtr> parts;
};
struct Conditional {
  ExprPtr condition, then, otherwise;  // `otherwise` may be null
};

struct Expr {
  int line = 0;
  int depth = 1;  // of the tree below; bounded by the parser
  std::variant<Literal, Name, ListLiteral, DictLiteral, Attribute, Item, SliceExpr, Call, FilterExpr, TestExpr, Unary,
               Binary, Logical, Compare, Concat, Conditional>
      node;
};

/// What an assignment assigns to: a name, namespace.attribute, or several of these.
struct Target {
  int line = 0;
  std::string name;
  std::string attribute;  // of the namespace `name`; empty for a plain name
  std::vector<Target> several;
  bool is_tuple = false;
};

using Statements = std::vector<Statement>;

/// Statements with a scope of their own. Jinja decides by reading, not by running, which names a scope sets: those in
/// `hidden` are undefined until then, even where an outer variable of that name comes from the caller.
struct Block {
  Statements statements;
  std::vector<std::string> hidden;
};

struct Data {
  std::string text;
};
struct Print {
  ExprPtr value;
};
struct Set {
  Target target;
  ExprPtr value;
};
struct SetBlock {
  Target target;
  ExprPtr filters;  // a chain of FilterExpr that ends in a null subject, or null
  Block body;
};
struct For {
  Target target;
  ExprPtr iterable, condition;  // `condition` may be null
  Block body, otherwise;
  bool uses_loop = false;
};
struct If {
  std::vector<std::pair<ExprPtr, Statements>> branches;
  Statements otherwise;
};
struct Parameter {
  std::string name;
  ExprPtr fallback;  // may be null
};
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};
struct CallBlock {
  ExprPtr call;
  MacroDefinition caller;
};
struct FilterBlock {
  ExprPtr filters;
  Block body;
};
struct With {
  std::vector<std::pair<Target, ExprPtr>> assignments;
  Block body;
};
struct Generation {
  Block body;
};
struct Break {};
struct Continue {};

struct Statement {
  int line = 0;
  std::variant<Data, Print, Set, SetBlock, For, If, MacroDefinition, CallBlock, FilterBlock, With, Generation, Break,
               Continue>
      node;
};

}  // namespace temper::text::jinja
