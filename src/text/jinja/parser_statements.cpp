#include <algorithm>

#include "text/jinja/parser.h"

namespace temper::text::jinja {
namespace {

constexpr std::string_view kUnsupportedTags[] = {"autoescape", "block", "extends", "from", "import", "include"};
constexpr std::string_view kInnerTags[] = {"elif",          "else",  "endcall",  "endfilter", "endfor",
                                           "endgeneration", "endif", "endmacro", "endset",    "endwith"};

template <size_t count>
bool is_listed(const std::string_view (&names)[count], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::data:
      return "text";
    case TokenKind::block_begin:
      return "{%";
    case TokenKind::block_end:
      return "%}";
    case TokenKind::variable_begin:
      return "{{";
    case TokenKind::variable_end:
      return "}}";
    case TokenKind::end:
      return "end of template";
    default:
      return token.text;
  }
}

const Token& Parser::take() {
  const Token& token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool Parser::skip_name(std::string_view name) {
  if (!current().is_name(name)) return false;
  take();
  return true;
}

bool Parser::skip_symbol(std::string_view symbol) {
  if (!current().is_symbol(symbol)) return false;
  take();
  return true;
}

void Parser::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) unexpected(fmt::format("'{}'", symbol));
}

void Parser::expect_block_end() {
  if (current().kind != TokenKind::block_end) unexpected("'%}'");
  take();
}

std::string Parser::expect_name() {
  if (current().kind != TokenKind::name) unexpected("a name");
  return take().text;
}

std::string Parser::dotted_name() {
  std::string name = expect_name();
  while (skip_symbol(".")) {
    name += '.';
    name += expect_name();
  }
  return name;
}

void Parser::error(std::string message, int line) const {
  throw Fault(ErrorCode::format, std::move(message), line != 0 ? line : current().line);
}

void Parser::unexpected(std::string_view wanted) const {
  error(fmt::format("expected {}, got '{}'", wanted, describe(current())));
}

Block Parser::parse() {
  Block root{statements({}), {}};
  if (!missing_.empty()) throw Fault(missing_.front());
  find_hidden_names(root);
  return root;
}

Statements Parser::statements(Ends ends) {
  const Saved<int> deeper(depth_, depth_ + 1);
  if (depth_ > kMaxDepth) error(fmt::format("brackets or tags nested deeper than {} levels", kMaxDepth));
  Statements result;
  while (true) {
    const Token& token = take();
    switch (token.kind) {
      case TokenKind::data:
        result.push_back({token.line, Data{token.text}});
        break;
      case TokenKind::variable_begin: {
        ExprPtr value = tuple_or_expression(true);
        if (current().kind != TokenKind::variable_end) unexpected("'}}'");
        take();
        result.push_back({token.line, Print{std::move(value)}});
        break;
      }
      case TokenKind::block_begin:
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return current().is_name(end); }))
          return result;
        result.push_back(tag());
        expect_block_end();
        break;
      default:
        if (ends.size() == 0) return result;
        error(fmt::format("unexpected end of template; looking for '{}'", fmt::join(ends, "' or '")));
    }
  }
}

Statements Parser::body(Ends ends) {
  skip_symbol(":");
  expect_block_end();
  return statements(ends);
}

Statement Parser::tag() {
  using Handler = Statement (Parser::*)();
  static constexpr std::pair<std::string_view, Handler> kTags[] = {
      {"break", &Parser::loop_control_tag},
      {"call", &Parser::call_tag},
      {"continue", &Parser::loop_control_tag},
      {"filter", &Parser::filter_tag},
      {"for", &Parser::for_tag},
      {"generation", &Parser::generation_tag},
      {"if", &Parser::if_tag},
      {"macro", &Parser::macro_tag},
      {"print", &Parser::print_tag},
      {"set", &Parser::set_tag},
      {"with", &Parser::with_tag},
  };
  const Token& token = current();
  if (token.kind != TokenKind::name) error("expected the name of a tag");
  const auto* known =
      std::find_if(std::begin(kTags), std::end(kTags), [&](const auto& entry) { return token.text == entry.first; });
  if (known != std::end(kTags)) return (this->*known->second)();
  if (is_listed(kInnerTags, token.text)) error(fmt::format("unexpected tag '{}'", token.text));
  const char* kind = is_listed(kUnsupportedTags, token.text) ? "the" : "the unknown";
  throw Fault(ErrorCode::unsupported, fmt::format("{} tag '{}'", kind, token.text), token.line);
}

Target Parser::single_target(bool with_namespace) {
  Target result;
  result.line = current().line;
  if (skip_symbol("(")) {
    result = target(false);
    expect_symbol(")");
    return result;
  }
  if (current().kind != TokenKind::name) error(fmt::format("can't assign to '{}'", describe(current())));
  result.name = take().text;
  if (with_namespace && skip_symbol(".")) {
    result.attribute = expect_name();
    return result;
  }
  static constexpr std::string_view kConstants[] = {"true", "false", "none", "True", "False", "None"};
  if (is_listed(kConstants, result.name)) error(fmt::format("can't assign to '{}'", result.name), result.line);
  if (result.name == "loop" && for_depth_ > 0)
    error("can't assign to the special variable 'loop' inside a loop", result.line);
  return result;
}

Target Parser::target(bool with_namespace) {
  const Saved<int> deeper(depth_, depth_ + 1);
  if (depth_ > kMaxDepth) error(fmt::format("brackets nested deeper than {} levels", kMaxDepth));
  Target first = single_target(with_namespace);
  if (!current().is_symbol(",")) return first;
  Target tuple;
  tuple.line = first.line;
  tuple.is_tuple = true;
  tuple.several.push_back(std::move(first));
  while (skip_symbol(",")) {
    const Token& next = current();
    if (next.is_name("in") || next.is_symbol("=") || next.is_symbol(")") || next.kind == TokenKind::block_end) break;
    tuple.several.push_back(single_target(with_namespace));
  }
  return tuple;
}

Statement Parser::set_tag() {
  const int line = take().line;
  Target assigned = target(true);
  if (skip_symbol("=")) {
    ExprPtr value = tuple_or_expression(true);
    return {line, Set{std::move(assigned), std::move(value)}};
  }
  ExprPtr filters = filter_chain(nullptr, false);
  Statements captured = body({"endset"});
  take();
  return {line, SetBlock{std::move(assigned), std::move(filters), {std::move(captured), {}}}};
}

Statement Parser::for_tag() {
  const int line = take().line;
  For loop;
  {
    const Saved<int> in_for(for_depth_, for_depth_ + 1);
    loop.target = target(false);
  }
  if (!skip_name("in")) unexpected("'in'");
  loop.iterable = tuple_or_expression(false);
  const Saved<int> in_for(for_depth_, for_depth_ + 1);
  const Saved<bool> not_soft(is_soft_, false);
  if (skip_name("if")) loop.condition = expression();
  if (current().is_name("recursive")) throw Fault(ErrorCode::unsupported, "recursive loops", line);
  const int uses_before = loop_uses_;
  {
    const Saved<int> in_loop(loop_depth_, loop_depth_ + 1);
    loop.body.statements = body({"endfor", "else"});
  }
  loop.uses_loop = loop_uses_ > uses_before;
  if (take().text == "else") {
    loop.otherwise.statements = body({"endfor"});
    take();
  }
  return {line, std::move(loop)};
}

Statement Parser::if_tag() {
  const int line = take().line;
  const Saved<bool> soft(is_soft_, true);
  If result;
  while (true) {
    ExprPtr condition = tuple_or_expression(false);
    result.branches.emplace_back(std::move(condition), body({"elif", "else", "endif"}));
    const std::string end = take().text;
    if (end == "elif") continue;
    if (end == "else") {
      result.otherwise = body({"endif"});
      take();
    }
    return {line, std::move(result)};
  }
}

std::vector<Parameter> Parser::parameters() {
  expect_symbol("(");
  std::vector<Parameter> result;
  while (!current().is_symbol(")")) {
    if (!result.empty()) expect_symbol(",");
    Parameter parameter{expect_name(), nullptr};
    if (skip_symbol("=")) {
      parameter.fallback = expression();
    } else if (!result.empty() && result.back().fallback) {
      error("a parameter without a default follows one with a default");
    }
    for (const Parameter& other : result) {
      if (other.name == parameter.name) error(fmt::format("the parameter '{}' appears twice", other.name));
    }
    result.push_back(std::move(parameter));
  }
  expect_symbol(")");
  return result;
}

void Parser::macro_body(MacroDefinition& macro, std::string_view end) {
  const Saved<int> no_loop(loop_depth_, 0);
  const Saved<bool> not_soft(is_soft_, false);
  const int caller = caller_uses_, kwargs = kwargs_uses_, varargs = varargs_uses_;
  macro.body.statements = body({end});
  take();
  macro.uses_caller = caller_uses_ > caller;
  macro.uses_kwargs = kwargs_uses_ > kwargs;
  macro.uses_varargs = varargs_uses_ > varargs;
}

Statement Parser::macro_tag() {
  const int line = take().line;
  MacroDefinition macro;
  macro.name = single_target(false).name;
  macro.parameters = parameters();
  macro_body(macro, "endmacro");
  return {line, std::move(macro)};
}

Statement Parser::call_tag() {
  const int line = take().line;
  CallBlock block;
  block.caller.name = "caller";
  if (current().is_symbol("(")) block.caller.parameters = parameters();
  block.call = expression();
  if (!std::holds_alternative<Call>(block.call->node)) error("expected a call", line);
  macro_body(block.caller, "endcall");
  return {line, std::move(block)};
}

Statement Parser::filter_tag() {
  const int line = take().line;
  FilterBlock block;
  block.filters = filter_chain(nullptr, true);
  block.body.statements = body({"endfilter"});
  take();
  return {line, std::move(block)};
}

Statement Parser::with_tag() {
  const int line = take().line;
  With with;
  while (current().kind != TokenKind::block_end) {
    if (!with.assignments.empty()) expect_symbol(",");
    Target assigned = target(false);
    expect_symbol("=");
    with.assignments.emplace_back(std::move(assigned), expression());
  }
  with.body.statements = body({"endwith"});
  take();
  return {line, std::move(with)};
}

Statement Parser::generation_tag() {
  const int line = take().line;
  const Saved<int> no_loop(loop_depth_, 0);
  Generation generation;
  generation.body.statements = body({"endgeneration"});
  take();
  return {line, std::move(generation)};
}

Statement Parser::print_tag() {
  const int line = take().line;
  Concat values;
  while (current().kind != TokenKind::block_end) {
    if (!values.parts.empty()) expect_symbol(",");
    values.parts.push_back(expression());
  }
  return {line, Print{make(line, std::move(values))}};
}

Statement Parser::loop_control_tag() {
  const Token& token = take();
  if (loop_depth_ == 0) error(fmt::format("'{}' outside of a loop", token.text), token.line);
  if (token.text == "break") return {token.line, Break{}};
  return {token.line, Continue{}};
}

}  // namespace temper::text::jinja
