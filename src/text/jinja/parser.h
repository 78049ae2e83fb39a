#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace temper::text::jinja {

/// Recursive descent over the tokens of one template, with Jinja's precedences. Throws Fault{format} for a syntax error
/// and Fault{unsupported} for a tag, filter or test outside the subset, each with its line.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  /// The whole template, with the hidden names of every scope filled in.
  Block parse();

 private:
  static constexpr int kMaxDepth = 100;      // of nested brackets and tags
  static constexpr int kMaxTreeDepth = 250;  // of one expression, also a + b + c ...

  /// Restores a member when a tag or bracket ends.
  template <class T>
  class Saved {
   public:
    Saved(T& member, T value) : member_(member), old_(std::exchange(member, value)) {}
    ~Saved() { member_ = old_; }
    Saved(const Saved&) = delete;
    Saved& operator=(const Saved&) = delete;

   private:
    T& member_;
    T old_;
  };

  // Statements (parser_statements.cpp).
  using Ends = std::initializer_list<std::string_view>;
  Statements statements(Ends ends);  ///< up to a tag named in `ends`, whose name is consumed
  Statements body(Ends ends);        ///< the same from the end of the opening tag on
  Statement tag();
  Statement set_tag();
  Statement for_tag();
  Statement if_tag();
  Statement macro_tag();
  Statement call_tag();
  Statement filter_tag();
  Statement with_tag();
  Statement generation_tag();
  Statement print_tag();
  Statement loop_control_tag();
  Target target(bool with_namespace);
  Target single_target(bool with_namespace);
  std::vector<Parameter> parameters();
  void macro_body(MacroDefinition& macro, std::string_view end);

  // Expressions (parser_expressions.cpp).
  ExprPtr expression(bool with_conditional = true);
  ExprPtr tuple_or_expression(bool with_conditional, bool in_parentheses = false);
  ExprPtr logical_or();
  ExprPtr logical_and();
  ExprPtr logical_not();
  ExprPtr comparison();
  ExprPtr sum();
  ExprPtr concatenation();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool with_filter = true);
  ExprPtr primary();
  ExprPtr name_or_constant();
  ExprPtr string_literal();
  ExprPtr list_literal();
  ExprPtr dict_literal();
  ExprPtr postfix(ExprPtr node);
  ExprPtr subscript(ExprPtr node);
  ExprPtr filters_and_tests(ExprPtr node);
  ExprPtr filter_chain(ExprPtr node, bool first_without_pipe);
  ExprPtr filter(ExprPtr subject);
  ExprPtr test(ExprPtr subject);
  ExprPtr call(ExprPtr callee);
  CallArguments arguments();
  bool at_tuple_end() const;

  // Tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take();
  bool skip_name(std::string_view name);
  bool skip_symbol(std::string_view symbol);
  void expect_symbol(std::string_view symbol);
  void expect_block_end();
  std::string expect_name();
  std::string dotted_name();
  [[noreturn]] void error(std::string message, int line = 0) const;
  [[noreturn]] void unexpected(std::string_view wanted) const;

  ExprPtr make(int line, decltype(Expr::node) node) const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int loop_depth_ = 0;          // loops that break and continue could leave
  int for_depth_ = 0;           // loops around, also outside of macros
  bool is_soft_ = false;        // inside an {% if %}, where Jinja looks up filters only when they run
  std::vector<Fault> missing_;  // filters and tests that don't exist, outside of conditionals
  int loop_uses_ = 0, caller_uses_ = 0, kwargs_uses_ = 0, varargs_uses_ = 0;
};

/// How a token reads in an error message.
std::string describe(const Token& token);

/// Fills Block::hidden throughout the template.
void find_hidden_names(Block& root);

}  // namespace temper::text::jinja
