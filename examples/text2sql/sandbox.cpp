#include "sandbox.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/fail.h"

namespace temper::text2sql {
namespace {

// Honest queries on tables of some 20 rows need a few thousand steps and return at most a few hundred rows.
constexpr int kMaxSteps = 400'000;
constexpr int kStepsPerCheck = 1'000;
constexpr size_t kMaxRows = 2'000;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Functions that an answer may need. Left out are those that give another result each time (random, now), that make
// long values out of nothing (printf, zeroblob), and load_extension.
constexpr std::string_view kFunctions[] = {
    "abs",          "avg",     "coalesce", "count",      "dense_rank", "first_value", "glob",
    "group_concat", "ifnull",  "iif",      "instr",      "lag",        "last_value",  "lead",
    "length",       "like",    "lower",    "ltrim",      "max",        "min",         "nullif",
    "rank",         "replace", "round",    "row_number", "rtrim",      "string_agg",  "substr",
    "substring",    "sum",     "total",    "trim",       "typeof",     "upper"};

int allow_reading_only(void*, int action, const char*, const char* function, const char*, const char*) {
  if (action == SQLITE_SELECT || action == SQLITE_READ) return SQLITE_OK;
  if (action != SQLITE_FUNCTION || function == nullptr) return SQLITE_DENY;
  const auto same = [&](std::string_view allowed) {
    return allowed.size() == std::strlen(function) &&
           sqlite3_strnicmp(allowed.data(), function, static_cast<int>(allowed.size())) == 0;
  };
  return std::any_of(std::begin(kFunctions), std::end(kFunctions), same) ? SQLITE_OK : SQLITE_DENY;
}

int count_steps(void* checks_left) {
  return --*static_cast<int*>(checks_left) < 0;
}

// One result column; text and blobs carry their length, so embedded zeros survive.
Value column_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return std::monostate{};
    case SQLITE_INTEGER:
      return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    default: {
      const void* bytes = sqlite3_column_blob(statement, column);
      const auto length = static_cast<size_t>(sqlite3_column_bytes(statement, column));
      return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), length);
    }
  }
}

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

Statement prepare_own(sqlite3* connection, const std::string& sql, const std::string& table) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) {
    fail(ErrorCode::data, "text2sql: table '{}': {}; is the data set damaged?", table, sqlite3_errmsg(connection));
  }
  return Statement(statement);
}

void step_own(sqlite3* connection, sqlite3_stmt* statement, const std::string& table) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    fail(ErrorCode::data, "text2sql: table '{}': {}; is the data set damaged?", table, sqlite3_errmsg(connection));
  }
  sqlite3_reset(statement);
}

void bind_value(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, index, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

void create_table(sqlite3* connection, const TableData& table) {
  if (table.columns.empty() || table.columns.size() != table.types.size()) {
    fail(ErrorCode::data, "text2sql: table '{}': {} columns and {} types; give one type for each column", table.name,
         table.columns.size(), table.types.size());
  }
  std::string create = "CREATE TABLE " + quoted_name(table.name) + " (";
  std::string insert = "INSERT INTO " + quoted_name(table.name) + " VALUES (";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) create += ", ", insert += ", ";
    create += quoted_name(table.columns[i]) + (table.types[i] == ColumnType::integer ? " INTEGER" : " TEXT");
    insert += '?';
  }
  step_own(connection, prepare_own(connection, create + ")", table.name).get(), table.name);
  const Statement inserter = prepare_own(connection, insert + ")", table.name);
  for (const Row& row : table.rows) {
    if (row.size() != table.columns.size()) {
      fail(ErrorCode::data, "text2sql: table '{}': a row has {} values, the table {} columns", table.name, row.size(),
           table.columns.size());
    }
    for (size_t i = 0; i < row.size(); ++i) bind_value(inserter.get(), static_cast<int>(i) + 1, row[i]);
    step_own(connection, inserter.get(), table.name);
  }
}

void bound_resources(sqlite3* connection) {
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, 10'000);
  sqlite3_limit(connection, SQLITE_LIMIT_SQL_LENGTH, 4'000);
  sqlite3_limit(connection, SQLITE_LIMIT_COLUMN, 50);
  sqlite3_limit(connection, SQLITE_LIMIT_EXPR_DEPTH, 50);
  sqlite3_limit(connection, SQLITE_LIMIT_COMPOUND_SELECT, 10);
  sqlite3_limit(connection, SQLITE_LIMIT_VDBE_OP, 20'000);
  sqlite3_limit(connection, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100);
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(connection, SQLITE_LIMIT_WORKER_THREADS, 0);
}

}  // namespace

void Sandbox::Close::operator()(sqlite3* connection) const {
  sqlite3_close(connection);
}

Sandbox::Sandbox(const Database& database) {
  sqlite3* connection = nullptr;
  const int status = sqlite3_open_v2(":memory:", &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  connection_.reset(connection);
  if (status != SQLITE_OK) fail(ErrorCode::out_of_memory, "text2sql: SQLite can't open a database in memory");
  // Large sorts would otherwise spill to a file.
  sqlite3_exec(connection, "PRAGMA temp_store = MEMORY; BEGIN", nullptr, nullptr, nullptr);
  for (const TableData& table : database.tables) create_table(connection, table);
  sqlite3_exec(connection, "COMMIT", nullptr, nullptr, nullptr);
  bound_resources(connection);
  sqlite3_set_authorizer(connection, allow_reading_only, nullptr);
}

Execution Sandbox::execute(std::string_view sql) {
  sqlite3* connection = connection_.get();
  int checks_left = kMaxSteps / kStepsPerCheck;
  sqlite3_progress_handler(connection, kStepsPerCheck, count_steps, &checks_left);

  const auto refused = [](std::string why) { return Execution{.ok = false, .rows = {}, .error = std::move(why)}; };
  if (sql.find('\0') != std::string_view::npos) return refused("the text holds a zero byte");
  const std::string text(sql);
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  if (sqlite3_prepare_v2(connection, text.c_str(), -1, &raw, &tail) != SQLITE_OK) {
    return refused(sqlite3_errmsg(connection));
  }
  const Statement statement(raw);
  if (statement == nullptr) return refused("the text holds no statement");
  if (sqlite3_column_count(raw) == 0 || sqlite3_stmt_readonly(raw) == 0) return refused("not a query");
  if (sqlite3_stmt_isexplain(raw) != 0) return refused("EXPLAIN is no answer");
  if (std::string_view(tail).find_first_not_of("; \t\r\n") != std::string_view::npos) {
    return refused("text after the first statement");
  }

  Execution result;
  const int columns = sqlite3_column_count(raw);
  int status = SQLITE_OK;
  while ((status = sqlite3_step(raw)) == SQLITE_ROW) {
    if (result.rows.size() == kMaxRows) return refused(fmt::format("more than {} rows", kMaxRows));
    Row row;
    for (int i = 0; i < columns; ++i) row.push_back(column_value(raw, i));
    result.rows.push_back(std::move(row));
  }
  if (status == SQLITE_INTERRUPT) return refused(fmt::format("more than {} steps", kMaxSteps));
  if (status != SQLITE_DONE) return refused(sqlite3_errmsg(connection));
  result.ok = true;
  return result;
}

}  // namespace temper::text2sql
