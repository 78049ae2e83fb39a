#include "rows.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/fail.h"
#include "near_miss.h"
#include "sandbox.h"
#include "scoring.h"

namespace temper::text2sql {
namespace {

constexpr int kAttempts = 300;

// What the gold query needs of a column's values, so that random rows soon separate its near misses.
struct Wish {
  std::vector<Value> likely;    // the boundary of a condition and its neighbours, or decoys of a pattern
  bool unique = false;          // ordered by: ties would leave the gold order open
  bool holds_its_mean = false;  // compared with its average: one row sits exactly on it
};
using Wishes = std::map<std::string, Wish>;

void wish_for_pattern(Wish& wish, const std::string& pattern, const Column& column, Rng& rng) {
  const size_t begin = pattern.front() == '%', end = pattern.size() - (pattern.back() == '%' ? 1 : 0);
  const std::string part = pattern.substr(begin, end - begin);
  const std::string &before = rng.pick(column.values), &after = rng.pick(column.values);
  wish.likely = {part + before, before + part, before + part + after, part};
  for (const std::string& value : column.values) wish.likely.push_back(value);
}

Wishes wishes_of(const Query& query, const Schema& schema, Rng& rng) {
  Wishes wishes;
  const auto wish_near = [&](const std::string& column, int64_t number) {
    for (const int64_t step : {-1, 0, 1}) wishes[column].likely.emplace_back(number + step);
  };
  for (const Condition& condition : query.where) {
    Wish& wish = wishes[condition.column];
    if (condition.subquery) wish.holds_its_mean = condition.subquery->item.aggregate == Aggregate::avg;
    for (const Value& value : condition.values) {
      if (const auto* number = std::get_if<int64_t>(&value)) {
        wish_near(condition.column, *number);
      } else if (condition.comparison == Comparison::like) {
        wish_for_pattern(wish, std::get<std::string>(value), schema.table(query.table).column(condition.column), rng);
      } else {
        wish.likely.push_back(value);
      }
    }
  }
  if (query.having && query.having->item.aggregate != Aggregate::count) {
    wish_near(query.having->item.column, query.having->value);
  }
  if (query.order) wishes[query.order->column].unique = true;
  return wishes;
}

// m and pairs m - d, m + d: their mean is m exactly, also in floating point (small integers).
std::vector<Value> values_with_own_mean(const Column& column, size_t count, Rng& rng) {
  const int64_t mean = (column.low + column.high) / 2;
  std::vector<Value> values(count, Value(mean));
  for (size_t i = 1; i + 1 < count; i += 2) {
    const int64_t away = rng.between(1, (column.high - column.low) / 2);
    values[i] = mean - away;
    values[i + 1] = mean + away;
  }
  rng.shuffle(values);
  return values;
}

std::vector<Value> unique_values(const Column& column, size_t count, Rng& rng) {
  std::set<int64_t> seen;
  while (seen.size() < count) seen.insert(rng.between(column.low, column.high));
  std::vector<Value> values(seen.begin(), seen.end());
  rng.shuffle(values);
  return values;
}

std::vector<Value> column_values(const Column& column, const Wish& wish, size_t count, Rng& rng) {
  if (wish.unique) return unique_values(column, count, rng);
  if (wish.holds_its_mean) return values_with_own_mean(column, count, rng);
  std::vector<Value> values;
  for (size_t i = 0; i < count; ++i) {
    if (!wish.likely.empty() && rng.chance(60)) {
      values.push_back(rng.pick(wish.likely));
    } else if (column.type == ColumnType::text) {
      values.emplace_back(rng.pick(column.values));
    } else {
      values.emplace_back(rng.between(column.low, column.high));
    }
  }
  return values;
}

// Keys count up from different numbers in the two tables, so that a wrong join doesn't match by luck.
constexpr int64_t kFirstParentKey = 11, kFirstChildKey = 101;

TableData make_rows(const TableSchema& table, bool is_child, size_t count, size_t parent_count, const Wishes& wishes,
                    Rng& rng) {
  TableData data{.name = table.name, .columns = {}, .types = {}, .rows = std::vector<Row>(count)};
  for (const Column& column : table.columns) {
    data.columns.push_back(column.name);
    data.types.push_back(column.type);
    std::vector<Value> values;
    if (column.name == table.key()) {
      for (size_t i = 0; i < count; ++i) {
        values.emplace_back((is_child ? kFirstChildKey : kFirstParentKey) + static_cast<int64_t>(i));
      }
    } else if (column.key) {
      // The last third of the parents has no children.
      const auto last = static_cast<int64_t>(parent_count - parent_count / 3 - 1);
      for (size_t i = 0; i < count; ++i) values.emplace_back(kFirstParentKey + rng.between(0, last));
    } else {
      const auto wish = wishes.find(column.name);
      values = column_values(column, wish == wishes.end() ? Wish{} : wish->second, count, rng);
    }
    for (size_t i = 0; i < count; ++i) data.rows[i].push_back(values[i]);
  }
  return data;
}

Database draw_rows(const Schema& schema, const Wishes& wishes, Rng& rng) {
  const size_t parents = 7 + 2 * rng.below(2), children = 11 + 2 * rng.below(3);
  Database database;
  for (const TableSchema* table : schema.tables()) {
    const bool is_child = table == &schema.child;
    // Odd counts: see values_with_own_mean().
    const size_t count = is_child || !schema.child_shown ? children : parents;
    database.tables.push_back(make_rows(*table, is_child, count, parents, wishes, rng));
  }
  return database;
}

}  // namespace

std::optional<Database> separating_rows(const Draft& draft, Rng& rng) {
  const std::string gold = to_sql(draft.query);
  std::vector<std::string> misses;
  for (const NearMiss& miss : near_misses(draft.query, draft.schema)) misses.push_back(to_sql(miss.query));
  const Wishes wishes = wishes_of(draft.query, draft.schema, rng);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Database database = draw_rows(draft.schema, wishes, rng);
    Sandbox sandbox(database);
    const Execution expected = sandbox.execute(gold);
    if (!expected.ok) fail(ErrorCode::internal, "text2sql: gold query '{}': {}", gold, expected.error);
    if (expected.rows.empty()) continue;
    const auto confused = std::find_if(misses.begin(), misses.end(), [&](const std::string& miss) {
      return same_result(sandbox.execute(miss), expected, is_ordered(gold));
    });
    if (confused == misses.end()) return database;
    // The near miss that was hardest to tell apart is tried first next time.
    std::rotate(misses.begin(), confused, confused + 1);
  }
  return std::nullopt;
}

}  // namespace temper::text2sql
