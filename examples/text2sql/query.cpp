#include "query.h"

#include "base/fail.h"

namespace temper::text2sql {
namespace {

std::string item_sql(const Item& item) {
  switch (item.aggregate) {
    case Aggregate::none:
      return item.column;
    case Aggregate::count:
      return "COUNT(*)";
    case Aggregate::avg:
      return "AVG(" + item.column + ")";
    case Aggregate::sum:
      return "SUM(" + item.column + ")";
    case Aggregate::min:
      return "MIN(" + item.column + ")";
    case Aggregate::max:
      return "MAX(" + item.column + ")";
  }
  TEMPER_ASSERT(false);
  return {};
}

std::string literal_sql(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  const auto* text = std::get_if<std::string>(&value);
  TEMPER_ASSERT(text != nullptr && text->find('\'') == std::string::npos);
  return "'" + *text + "'";
}

std::string_view operator_sql(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return "=";
    case Comparison::not_equal:
      return "!=";
    case Comparison::less:
      return "<";
    case Comparison::less_equal:
      return "<=";
    case Comparison::greater:
      return ">";
    case Comparison::greater_equal:
      return ">=";
    case Comparison::between:
      return "BETWEEN";
    case Comparison::not_between:
      return "NOT BETWEEN";
    case Comparison::like:
      return "LIKE";
    case Comparison::in:
      return "IN";
    case Comparison::not_in:
      return "NOT IN";
    case Comparison::strictly_between:
      break;
  }
  TEMPER_ASSERT(false);
  return {};
}

std::string condition_sql(const Condition& condition) {
  const std::string& column = condition.column;
  if (condition.comparison == Comparison::strictly_between) {
    return fmt::format("({} > {} AND {} < {})", column, literal_sql(condition.values.at(0)), column,
                       literal_sql(condition.values.at(1)));
  }
  std::string sql = fmt::format("{} {} ", column, operator_sql(condition.comparison));
  if (condition.subquery) {
    return sql + fmt::format("(SELECT {} FROM {})", item_sql(condition.subquery->item), condition.subquery->table);
  }
  sql += literal_sql(condition.values.at(0));
  if (condition.values.size() == 2) sql += " AND " + literal_sql(condition.values[1]);
  return sql;
}

}  // namespace

std::string to_sql(const Query& query) {
  std::string sql = query.distinct ? "SELECT DISTINCT " : "SELECT ";
  for (size_t i = 0; i < query.items.size(); ++i) sql += (i > 0 ? ", " : "") + item_sql(query.items[i]);
  sql += " FROM " + query.table;
  if (query.join) {
    sql += " JOIN " + query.join->table;
    if (!query.join->key.empty()) sql += " USING (" + query.join->key + ")";
  }
  for (size_t i = 0; i < query.where.size(); ++i) {
    sql += i == 0 ? " WHERE " : query.any_condition ? " OR " : " AND ";
    sql += condition_sql(query.where[i]);
  }
  if (!query.group_by.empty()) sql += " GROUP BY " + query.group_by;
  if (query.having) {
    sql += fmt::format(" HAVING {} {} {}", item_sql(query.having->item), operator_sql(query.having->comparison),
                       query.having->value);
  }
  if (query.order) sql += " ORDER BY " + query.order->column + (query.order->descending ? " DESC" : " ASC");
  if (query.limit > 0) sql += fmt::format(" LIMIT {}", query.limit);
  return sql;
}

}  // namespace temper::text2sql
