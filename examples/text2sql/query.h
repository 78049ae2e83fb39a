#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "database.h"

namespace temper::text2sql {

enum class Aggregate { none, count, avg, sum, min, max };

/// One column of a result: a column, an aggregate of a column, or COUNT(*), whose column is empty.
struct Item {
  Aggregate aggregate = Aggregate::none;
  std::string column = {};
};

enum class Comparison {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  between,
  not_between,
  strictly_between,  // never gold: a near miss of between
  like,
  in,
  not_in,
};

/// (SELECT item FROM table), the right side of a nested comparison.
struct Subquery {
  Item item;
  std::string table;
};

struct Condition {
  std::string column;
  Comparison comparison = Comparison::equal;
  std::vector<Value> values = {};         // two for the betweens, none with a subquery, else one
  std::optional<Subquery> subquery = {};  // for in, not_in and comparisons with an aggregate
};

struct Join {
  std::string table;
  std::string key;  // the column of both tables; empty: no condition (a near miss)
};

struct Having {
  Item item;
  Comparison comparison = Comparison::greater;
  int64_t value = 0;
};

struct Order {
  std::string column;
  bool descending = false;
};

/// A SELECT statement of the kinds this data set uses, as a structure, so that near misses can be made from it.
struct Query {
  bool distinct = false;
  std::vector<Item> items;
  std::string table;
  std::optional<Join> join = {};
  std::vector<Condition> where = {};
  bool any_condition = false;  // conditions joined by OR instead of AND
  std::string group_by = {};   // empty: none
  std::optional<Having> having = {};
  std::optional<Order> order = {};
  int64_t limit = 0;  // 0: none
};

/// The query as SQLite reads it, on one line and without a final semicolon.
std::string to_sql(const Query& query);

}  // namespace temper::text2sql
