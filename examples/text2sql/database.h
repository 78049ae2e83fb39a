#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace temper::text2sql {

/// NULL, integer, real or text, as SQLite returns it (a blob reads as text).
using Value = std::variant<std::monostate, int64_t, double, std::string>;
using Row = std::vector<Value>;

enum class ColumnType { integer, text };

/// One table of an example's database with its rows.
struct TableData {
  std::string name;
  std::vector<std::string> columns;
  std::vector<ColumnType> types;  // one a column
  std::vector<Row> rows;
};

/// Everything needed to rebuild the database that an example's SQL is executed on.
struct Database {
  std::vector<TableData> tables;
};

}  // namespace temper::text2sql
