#include "sandbox.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "temper/error.h"

namespace temper::text2sql {
namespace {

Database pets() {
  return {{{.name = "pets",
            .columns = {"pet_id", "breed"},
            .types = {ColumnType::integer, ColumnType::text},
            .rows = {{int64_t{1}, "Husky"}, {int64_t{2}, "Boxer"}, {int64_t{3}, "Husky"}}}}};
}

size_t count_pets(Sandbox& sandbox) {
  const Execution all = sandbox.execute("SELECT * FROM pets");
  return all.ok ? all.rows.size() : 0;
}

TEST(Sandbox, ReturnsTypedRows) {
  Sandbox sandbox(pets());
  const Execution result = sandbox.execute("SELECT breed, COUNT(*), AVG(pet_id), NULL FROM pets GROUP BY breed;");
  ASSERT_TRUE(result.ok) << result.error;
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[1], (Row{"Husky", int64_t{2}, 2.0, std::monostate{}}));
}

TEST(Sandbox, RefusesEverythingButOneReadingStatement) {
  const std::string file = (std::filesystem::temp_directory_path() / "text2sql_sandbox_test.db").string();
  const std::string hostile[] = {
      "DROP TABLE pets",
      "DELETE FROM pets",
      "UPDATE pets SET breed = 'x'",
      "INSERT INTO pets VALUES (9, 'x')",
      "CREATE TABLE other(a)",
      "CREATE TEMP TABLE other(a)",
      "CREATE TRIGGER t AFTER INSERT ON pets BEGIN SELECT 1; END",
      "ALTER TABLE pets RENAME TO cats",
      "ATTACH DATABASE '" + file + "' AS disk",
      "VACUUM INTO '" + file + "'",
      "PRAGMA table_info(pets)",
      "PRAGMA writable_schema = ON",
      "SELECT * FROM pragma_database_list",
      "BEGIN",
      "ANALYZE",
      "REINDEX pets",
      "EXPLAIN SELECT * FROM pets",
      "EXPLAIN QUERY PLAN SELECT * FROM pets",
      "SELECT load_extension('/lib/libm.so')",
      "SELECT 1; DROP TABLE pets",
      "SELECT 1; SELECT 2",
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n",
      "SELECT random()",
      "SELECT date('now')",
      "SELECT hex(zeroblob(100000000))",
      "SELECT printf('%.*c', 100000000, 'x')",
      "",
      "   ;  ",
      "-- nothing",
      "I can't answer that.",
      std::string("SELECT 1\0; DROP TABLE pets", 26),
      std::string(100'000, '('),
      "SELECT " + std::string(3'000, '-') + "1",
      "SELECT * FROM missing",
  };
  for (const std::string& sql : hostile) {
    Sandbox sandbox(pets());
    const Execution result = sandbox.execute(sql);
    EXPECT_FALSE(result.ok) << sql.substr(0, 100);
    EXPECT_FALSE(result.error.empty()) << sql.substr(0, 100);
    EXPECT_EQ(count_pets(sandbox), 3u) << sql.substr(0, 100);
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Sandbox, EndlessQueriesEndSoon) {
  const std::string cross =
      "pets a, pets b, pets c, pets d, pets e, pets f, pets g, pets h, pets i, pets j, pets k, "
      "pets l, pets m, pets n, pets o, pets p, pets q, pets r, pets s, pets t";
  const std::string endless[] = {
      "SELECT COUNT(*) FROM " + cross,
      "SELECT * FROM " + cross,
      "SELECT a.breed FROM " + cross + " ORDER BY b.breed, c.breed",
      "SELECT SUM(length(replace(replace('" + std::string(1'000, 'a') + "', 'a', 'bbbbbbbb'), 'b', 'c'))) FROM " +
          cross,
      "SELECT group_concat(a.breed) FROM " + cross,
  };
  for (const std::string& sql : endless) {
    Sandbox sandbox(pets());
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(sandbox.execute(sql).ok) << sql.substr(0, 40);
    // Milliseconds when optimised; the bound leaves room for sanitizers on a busy machine.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << sql.substr(0, 40);
  }
}

TEST(Sandbox, OrdinaryFunctionsAreAllowedInAnyCase) {
  Sandbox sandbox(pets());
  const Execution result =
      sandbox.execute("SELECT UPPER(breed), Round(AVG(pet_id), 1) FROM pets WHERE breed LIKE 'h%'");
  ASSERT_TRUE(result.ok) << result.error;
  EXPECT_EQ(result.rows, (std::vector<Row>{{"HUSKY", 2.0}}));
}

TEST(Sandbox, StepsOfOneStatementDontCountForTheNext) {
  Sandbox sandbox(pets());
  for (int i = 0; i < 2'000; ++i) ASSERT_EQ(count_pets(sandbox), 3u);
}

TEST(Sandbox, DamagedDatabasesAreDataErrors) {
  Database twice = pets();
  twice.tables.push_back(twice.tables[0]);
  EXPECT_THROW(Sandbox{twice}, Error);
  Database ragged = pets();
  ragged.tables[0].rows[0].pop_back();
  EXPECT_THROW(Sandbox{ragged}, Error);
  Database untyped = pets();
  untyped.tables[0].types.pop_back();
  EXPECT_THROW(Sandbox{untyped}, Error);
}

TEST(Sandbox, NamesOfADatabaseAreQuoted) {
  Database odd = pets();
  odd.tables[0].name = "x\"(a); DROP TABLE y; --";
  Sandbox sandbox(odd);
  EXPECT_TRUE(sandbox.execute("SELECT breed FROM \"x\"\"(a); DROP TABLE y; --\"").ok);
}

}  // namespace
}  // namespace temper::text2sql
