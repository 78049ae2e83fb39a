// How deep an expression nests: bounded when it is made, so that running and freeing it can recurse.
#include <algorithm>

#include "text/jinja/parser.h"

namespace temper::text::jinja {
namespace {

int depth_of(const ExprPtr& expr) {
  return expr ? expr->depth : 0;
}

int depth_of(const CallArguments& arguments) {
  int depth = std::max(depth_of(arguments.star), depth_of(arguments.double_star));
  for (const ExprPtr& value : arguments.positional) depth = std::max(depth, depth_of(value));
  for (const auto& [name, value] : arguments.keywords) depth = std::max(depth, depth_of(value));
  return depth;
}

int depth_of(const std::vector<ExprPtr>& items) {
  int depth = 0;
  for (const ExprPtr& item : items) depth = std::max(depth, depth_of(item));
  return depth;
}

struct DepthBelow {
  int operator()(const Literal&) const { return 0; }
  int operator()(const Name&) const { return 0; }
  int operator()(const ListLiteral& node) const { return depth_of(node.items); }
  int operator()(const DictLiteral& node) const {
    int depth = 0;
    for (const auto& [key, value] : node.entries) depth = std::max({depth, depth_of(key), depth_of(value)});
    return depth;
  }
  int operator()(const Attribute& node) const { return depth_of(node.object); }
  int operator()(const Item& node) const { return std::max(depth_of(node.object), depth_of(node.key)); }
  int operator()(const SliceExpr& node) const {
    return std::max({depth_of(node.object), depth_of(node.start), depth_of(node.stop), depth_of(node.step)});
  }
  int operator()(const Call& node) const { return std::max(depth_of(node.callee), depth_of(node.arguments)); }
  int operator()(const FilterExpr& node) const { return std::max(depth_of(node.subject), depth_of(node.arguments)); }
  int operator()(const TestExpr& node) const { return std::max(depth_of(node.subject), depth_of(node.arguments)); }
  int operator()(const Unary& node) const { return depth_of(node.operand); }
  int operator()(const Binary& node) const { return std::max(depth_of(node.left), depth_of(node.right)); }
  int operator()(const Logical& node) const { return std::max(depth_of(node.left), depth_of(node.right)); }
  int operator()(const Compare& node) const {
    int depth = depth_of(node.first);
    for (const auto& [op, operand] : node.rest) depth = std::max(depth, depth_of(operand));
    return depth;
  }
  int operator()(const Concat& node) const { return depth_of(node.parts); }
  int operator()(const Conditional& node) const {
    return std::max({depth_of(node.condition), depth_of(node.then), depth_of(node.otherwise)});
  }
};

}  // namespace

ExprPtr Parser::make(int line, decltype(Expr::node) node) const {
  auto expr = std::make_unique<Expr>();
  expr->line = line;
  expr->node = std::move(node);
  expr->depth = 1 + std::visit(DepthBelow(), expr->node);
  if (expr->depth > kMaxTreeDepth)
    error(fmt::format("an expression nested deeper than {} levels", kMaxTreeDepth), line);
  return expr;
}

}  // namespace temper::text::jinja
