#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "rng.h"
#include "vocabulary.h"

namespace temper::text2sql {

/// A column of one example's table. Keys are integers that no question compares with a number.
struct Column {
  std::string name;
  ColumnType type = ColumnType::integer;
  bool key = false;
  std::vector<std::string> values = {};  // text: what it may hold
  int64_t low = 0, high = 0;             // integer, not a key: what it may hold
};

/// A table of one example: a selection of its domain's columns. When both tables are shown, the key comes first and
/// the parent's key (in a child) last; a table alone has no key columns.
struct TableSchema {
  std::string name, singular;
  std::vector<Column> columns;

  const Column& column(std::string_view name) const;
  std::string key() const { return singular + "_id"; }
  /// The columns of a type that aren't keys.
  std::vector<Column> of_type(ColumnType type) const;
};

/// The two tables of an example; only those with `shown_*` are in the prompt and the database.
struct Schema {
  TableSchema parent, child;
  bool parent_shown = true, child_shown = true, parent_first = true;

  /// Hides one table and the key columns of the other.
  void show_only(const TableSchema& table);
  /// The shown tables in prompt order.
  std::vector<const TableSchema*> tables() const;
  const TableSchema& table(std::string_view name) const;
};

/// Two text and one or two numeric columns a table, in shuffled order.
Schema make_schema(const Domain& domain, Rng& rng);

/// One line a table: `pets(pet_id, breed, weight, owner_id)`.
std::string schema_text(const Schema& schema);

}  // namespace temper::text2sql
