#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/parser.h"

namespace temper::text::jinja {

ExprPtr Parser::expression(bool with_conditional) {
  const Saved<int> deeper(depth_, depth_ + 1);
  if (depth_ > kMaxDepth) error(fmt::format("brackets or tags nested deeper than {} levels", kMaxDepth));
  if (!with_conditional) return logical_or();
  const size_t missing_before = missing_.size();
  int line = current().line;
  ExprPtr value = logical_or();
  while (skip_name("if")) {
    ExprPtr condition = logical_or();
    ExprPtr otherwise = skip_name("else") ? expression() : nullptr;
    missing_.erase(missing_.begin() + static_cast<std::ptrdiff_t>(missing_before), missing_.end());
    value = make(line, Conditional{std::move(condition), std::move(value), std::move(otherwise)});
    line = current().line;
  }
  return value;
}

bool Parser::at_tuple_end() const {
  const Token& token = current();
  return token.kind == TokenKind::variable_end || token.kind == TokenKind::block_end || token.is_symbol(")");
}

ExprPtr Parser::tuple_or_expression(bool with_conditional, bool in_parentheses) {
  const int line = current().line;
  std::vector<ExprPtr> items;
  bool is_tuple = false;
  while (!at_tuple_end()) {
    items.push_back(expression(with_conditional));
    if (!skip_symbol(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return std::move(items[0]);
  if (!is_tuple && !in_parentheses) error(fmt::format("expected an expression, got '{}'", describe(current())));
  return make(line, ListLiteral{std::move(items), true});
}

ExprPtr Parser::logical_or() {
  int line = current().line;
  ExprPtr left = logical_and();
  while (skip_name("or")) {
    ExprPtr right = logical_and();
    left = make(line, Logical{false, std::move(left), std::move(right)});
    line = current().line;
  }
  return left;
}

ExprPtr Parser::logical_and() {
  int line = current().line;
  ExprPtr left = logical_not();
  while (skip_name("and")) {
    ExprPtr right = logical_not();
    left = make(line, Logical{true, std::move(left), std::move(right)});
    line = current().line;
  }
  return left;
}

ExprPtr Parser::logical_not() {
  const int line = current().line;
  if (!skip_name("not")) return comparison();
  const Saved<int> deeper(depth_, depth_ + 1);
  if (depth_ > kMaxDepth) error(fmt::format("'not' repeated more than {} times", kMaxDepth));
  return make(line, Unary{UnaryOperator::logical_not, logical_not()});
}

ExprPtr Parser::comparison() {
  static constexpr std::pair<std::string_view, Comparison> kComparisons[] = {
      {"==", Comparison::equal},      {"!=", Comparison::unequal}, {"<", Comparison::less},
      {"<=", Comparison::less_equal}, {">", Comparison::greater},  {">=", Comparison::greater_equal},
  };
  const int line = current().line;
  ExprPtr first = sum();
  std::vector<std::pair<Comparison, ExprPtr>> rest;
  while (true) {
    const auto* symbol = std::find_if(std::begin(kComparisons), std::end(kComparisons),
                                      [&](const auto& entry) { return current().is_symbol(entry.first); });
    if (symbol != std::end(kComparisons)) {
      take();
      rest.emplace_back(symbol->second, sum());
    } else if (skip_name("in")) {
      rest.emplace_back(Comparison::in, sum());
    } else if (current().is_name("not") && following().is_name("in")) {
      take();
      take();
      rest.emplace_back(Comparison::not_in, sum());
    } else {
      break;
    }
  }
  return rest.empty() ? std::move(first) : make(line, Compare{std::move(first), std::move(rest)});
}

ExprPtr Parser::sum() {
  int line = current().line;
  ExprPtr left = concatenation();
  while (current().is_symbol("+") || current().is_symbol("-")) {
    const BinaryOperator op = take().text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
    ExprPtr right = concatenation();
    left = make(line, Binary{op, std::move(left), std::move(right)});
    line = current().line;
  }
  return left;
}

ExprPtr Parser::concatenation() {
  const int line = current().line;
  std::vector<ExprPtr> parts;
  do {
    parts.push_back(product());
  } while (skip_symbol("~"));
  return parts.size() == 1 ? std::move(parts[0]) : make(line, Concat{std::move(parts)});
}

ExprPtr Parser::product() {
  static constexpr std::pair<std::string_view, BinaryOperator> kProducts[] = {
      {"*", BinaryOperator::multiply},
      {"/", BinaryOperator::divide},
      {"//", BinaryOperator::floor_divide},
      {"%", BinaryOperator::modulo},
  };
  int line = current().line;
  ExprPtr left = power();
  while (true) {
    const auto* symbol = std::find_if(std::begin(kProducts), std::end(kProducts),
                                      [&](const auto& entry) { return current().is_symbol(entry.first); });
    if (symbol == std::end(kProducts)) return left;
    take();
    ExprPtr right = power();
    left = make(line, Binary{symbol->second, std::move(left), std::move(right)});
    line = current().line;
  }
}

ExprPtr Parser::power() {
  int line = current().line;
  ExprPtr left = unary();
  while (skip_symbol("**")) {
    ExprPtr right = unary();
    left = make(line, Binary{BinaryOperator::power, std::move(left), std::move(right)});
    line = current().line;
  }
  return left;
}

ExprPtr Parser::unary(bool with_filter) {
  const int line = current().line;
  ExprPtr node;
  if (current().is_symbol("-") || current().is_symbol("+")) {
    const Saved<int> deeper(depth_, depth_ + 1);
    if (depth_ > kMaxDepth) error(fmt::format("signs repeated more than {} times", kMaxDepth));
    const UnaryOperator op = take().text == "-" ? UnaryOperator::minus : UnaryOperator::plus;
    node = make(line, Unary{op, unary(false)});
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filter ? filters_and_tests(std::move(node)) : std::move(node);
}

ExprPtr Parser::primary() {
  const Token& token = current();
  switch (token.kind) {
    case TokenKind::name:
      return name_or_constant();
    case TokenKind::string:
      return string_literal();
    case TokenKind::integer: {
      const Token& number = take();
      return make(number.line, Literal{Value(number.integer)});
    }
    case TokenKind::real: {
      const Token& number = take();
      return make(number.line, Literal{Value(number.real)});
    }
    default:
      break;
  }
  if (skip_symbol("(")) {
    ExprPtr inner = tuple_or_expression(true, true);
    expect_symbol(")");
    return inner;
  }
  if (token.is_symbol("[")) return list_literal();
  if (token.is_symbol("{")) return dict_literal();
  error(fmt::format("unexpected '{}'", describe(token)));
}

ExprPtr Parser::name_or_constant() {
  const Token& token = take();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return make(token.line, Literal{Value(true)});
  if (name == "false" || name == "False") return make(token.line, Literal{Value(false)});
  if (name == "none" || name == "None") return make(token.line, Literal{});
  loop_uses_ += name == "loop";
  caller_uses_ += name == "caller";
  kwargs_uses_ += name == "kwargs";
  varargs_uses_ += name == "varargs";
  return make(token.line, Name{name});
}

ExprPtr Parser::string_literal() {
  const int line = current().line;
  std::string text;
  while (current().kind == TokenKind::string) text += take().text;
  return make(line, Literal{Value(std::make_shared<const TextObject>(TextObject{std::move(text)}))});
}

ExprPtr Parser::list_literal() {
  const int line = current().line;
  expect_symbol("[");
  std::vector<ExprPtr> items;
  while (!current().is_symbol("]")) {
    items.push_back(expression());
    if (!current().is_symbol("]")) expect_symbol(",");
  }
  expect_symbol("]");
  return make(line, ListLiteral{std::move(items), false});
}

ExprPtr Parser::dict_literal() {
  const int line = current().line;
  expect_symbol("{");
  DictLiteral dict;
  while (!current().is_symbol("}")) {
    ExprPtr key = expression();
    expect_symbol(":");
    ExprPtr value = expression();
    dict.entries.emplace_back(std::move(key), std::move(value));
    if (!current().is_symbol("}")) expect_symbol(",");
  }
  expect_symbol("}");
  return make(line, std::move(dict));
}

ExprPtr Parser::postfix(ExprPtr node) {
  while (true) {
    if (current().is_symbol(".") || current().is_symbol("[")) {
      node = subscript(std::move(node));
    } else if (current().is_symbol("(")) {
      node = call(std::move(node));
    } else {
      return node;
    }
  }
}

ExprPtr Parser::subscript(ExprPtr node) {
  const Token& token = take();
  const int line = token.line;
  if (token.is_symbol(".")) {
    const Token& attribute = take();
    if (attribute.kind == TokenKind::name) return make(line, Attribute{std::move(node), attribute.text});
    if (attribute.kind != TokenKind::integer) error("expected name or number", attribute.line);
    return make(line, Item{std::move(node), make(line, Literal{Value(attribute.integer)})});
  }
  if (current().is_symbol("]")) error("expected a subscript");
  const auto bound = [&]() -> ExprPtr {
    return current().is_symbol(":") || current().is_symbol("]") ? nullptr : expression();
  };
  ExprPtr first = bound();
  if (!current().is_symbol(":")) {
    std::vector<ExprPtr> several;
    while (skip_symbol(",")) {
      if (several.empty()) several.push_back(std::move(first));
      several.push_back(expression());
    }
    expect_symbol("]");
    if (!several.empty()) first = make(line, ListLiteral{std::move(several), true});
    return make(line, Item{std::move(node), std::move(first)});
  }
  take();
  ExprPtr stop = bound();
  ExprPtr step = skip_symbol(":") ? bound() : nullptr;
  expect_symbol("]");
  return make(line, SliceExpr{std::move(node), std::move(first), std::move(stop), std::move(step)});
}

ExprPtr Parser::filters_and_tests(ExprPtr node) {
  while (true) {
    if (skip_symbol("|")) {
      node = filter(std::move(node));
    } else if (skip_name("is")) {
      node = test(std::move(node));
    } else if (current().is_symbol("(")) {
      node = call(std::move(node));
    } else {
      return node;
    }
  }
}

ExprPtr Parser::filter_chain(ExprPtr node, bool first_without_pipe) {
  if (first_without_pipe) node = filter(std::move(node));
  while (skip_symbol("|")) node = filter(std::move(node));
  return node;
}

ExprPtr Parser::filter(ExprPtr subject) {
  const int line = current().line;
  std::string name = dotted_name();
  if (filter_availability(name) != Availability::present && !is_soft_)
    missing_.emplace_back(ErrorCode::unsupported, fmt::format("the filter '{}'", name), line);
  CallArguments given;
  if (current().is_symbol("(")) given = arguments();
  return make(line, FilterExpr{std::move(subject), std::move(name), std::move(given)});
}

ExprPtr Parser::test(ExprPtr subject) {
  const int line = current().line;
  const bool negated = skip_name("not");
  std::string name = dotted_name();
  if (test_availability(name) != Availability::present && !is_soft_)
    missing_.emplace_back(ErrorCode::unsupported, fmt::format("the test '{}'", name), line);
  CallArguments given;
  const Token& next = current();
  const bool begins_value =
      next.kind == TokenKind::string || next.kind == TokenKind::integer || next.kind == TokenKind::real ||
      next.is_symbol("[") || next.is_symbol("{") ||
      (next.kind == TokenKind::name && !next.is_name("else") && !next.is_name("or") && !next.is_name("and"));
  if (next.is_symbol("(")) {
    given = arguments();
  } else if (begins_value) {
    if (next.is_name("is")) error("tests can't be chained with 'is'");
    given.positional.push_back(postfix(primary()));
  }
  ExprPtr node = make(line, TestExpr{std::move(subject), std::move(name), std::move(given)});
  return negated ? make(line, Unary{UnaryOperator::logical_not, std::move(node)}) : std::move(node);
}

ExprPtr Parser::call(ExprPtr callee) {
  const int line = current().line;
  CallArguments given = arguments();
  return make(line, Call{std::move(callee), std::move(given)});
}

CallArguments Parser::arguments() {
  const int line = current().line;
  expect_symbol("(");
  CallArguments given;
  const auto ensure = [&](bool valid) {
    if (!valid) error("invalid order of arguments in a call", line);
  };
  while (!current().is_symbol(")")) {
    if (skip_symbol("*")) {
      ensure(!given.star && !given.double_star);
      given.star = expression();
    } else if (skip_symbol("**")) {
      ensure(!given.double_star);
      given.double_star = expression();
    } else if (current().kind == TokenKind::name && following().is_symbol("=")) {
      ensure(!given.double_star);
      std::string name = take().text;
      take();
      given.keywords.emplace_back(std::move(name), expression());
    } else {
      ensure(!given.star && !given.double_star && given.keywords.empty());
      given.positional.push_back(expression());
    }
    if (!current().is_symbol(")")) expect_symbol(",");
  }
  expect_symbol(")");
  return given;
}

}  // namespace temper::text::jinja
