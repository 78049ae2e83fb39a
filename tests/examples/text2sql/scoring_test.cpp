#include "scoring.h"

#include <gtest/gtest.h>

#include "report.h"
#include "temper/error.h"

namespace temper::text2sql {
namespace {

Execution rows(std::vector<Row> values) {
  return {.ok = true, .rows = std::move(values), .error = ""};
}

Database scored_pets() {
  return {{{.name = "pets",
            .columns = {"breed", "weight"},
            .types = {ColumnType::text, ColumnType::integer},
            .rows = {{"Husky", int64_t{20}}, {"Boxer", int64_t{30}}, {"Husky", int64_t{25}}}}}};
}

TEST(Scoring, TakesSqlOutOfFencesAndWhiteSpace) {
  EXPECT_EQ(sql_of_reply(" \n SELECT 1 \n"), "SELECT 1");
  EXPECT_EQ(sql_of_reply("```sql\nSELECT 1\n```\n"), "SELECT 1");
  EXPECT_EQ(sql_of_reply("```\nSELECT 1\n```"), "SELECT 1");
  EXPECT_EQ(sql_of_reply("```SELECT 1```"), "SELECT 1");
  EXPECT_EQ(sql_of_reply("```sql\nSELECT 1"), "SELECT 1");
  EXPECT_EQ(sql_of_reply("```sql\nSELECT 1\n``` explained at length"), "SELECT 1");
  EXPECT_EQ(sql_of_reply("  "), "");
}

TEST(Scoring, OrderIsSeenOutsideQuotesAndSubqueriesOnly) {
  EXPECT_TRUE(is_ordered("SELECT a FROM t ORDER BY b DESC LIMIT 3"));
  EXPECT_TRUE(is_ordered("select a from t order\n by b"));
  EXPECT_FALSE(is_ordered("SELECT a FROM t WHERE b = ' ORDER BY '"));
  EXPECT_FALSE(is_ordered("SELECT a FROM t WHERE b IN (SELECT b FROM u ORDER BY c LIMIT 2)"));
  EXPECT_FALSE(is_ordered("SELECT reorder by FROM t"));
}

TEST(Scoring, RowsCompareAsAMultisetUnlessOrdered) {
  const Execution gold = rows({{"a"}, {"b"}, {"a"}});
  EXPECT_TRUE(same_result(rows({{"b"}, {"a"}, {"a"}}), gold, false));
  EXPECT_FALSE(same_result(rows({{"b"}, {"a"}, {"a"}}), gold, true));
  EXPECT_FALSE(same_result(rows({{"b"}, {"b"}, {"a"}}), gold, false));
  EXPECT_FALSE(same_result(rows({{"a"}, {"b"}}), gold, false));
}

TEST(Scoring, ColumnOrderAndCountMatter) {
  const Execution gold = rows({{"a", int64_t{1}}});
  EXPECT_FALSE(same_result(rows({{int64_t{1}, "a"}}), gold, false));
  EXPECT_FALSE(same_result(rows({{"a"}}), gold, false));
  EXPECT_FALSE(same_result(rows({{"a", int64_t{1}, int64_t{1}}}), gold, false));
}

TEST(Scoring, NumbersCompareByValueWithATolerance) {
  const Execution gold = rows({{20.0 / 3.0}, {int64_t{4}}});
  EXPECT_TRUE(same_result(rows({{4.0}, {6.6666667}}), gold, false));
  EXPECT_FALSE(same_result(rows({{4.0}, {6.667}}), gold, false));
  EXPECT_FALSE(same_result(rows({{"4"}, {20.0 / 3.0}}), gold, false));
  EXPECT_FALSE(same_result(rows({{std::monostate{}}, {20.0 / 3.0}}), gold, false));
}

TEST(Scoring, AFailedExecutionEqualsNothing) {
  const Execution failed{.ok = false, .rows = {}, .error = "no such table"};
  EXPECT_FALSE(same_result(failed, rows({}), false));
  EXPECT_FALSE(same_result(failed, failed, false));
}

TEST(Scoring, JudgesByExecution) {
  const std::string gold = "SELECT breed FROM pets WHERE weight > 20";
  EXPECT_TRUE(judge(scored_pets(), gold, "```sql\nSELECT breed FROM pets WHERE NOT weight <= 20;\n```").correct);
  EXPECT_EQ(judge(scored_pets(), gold, "SELECT breed FROM pets").why, "another result");
  EXPECT_EQ(judge(scored_pets(), gold, "SELECT bread FROM pets").why, "no such column: bread");
  EXPECT_FALSE(judge(scored_pets(), gold, "DROP TABLE pets").correct);
  EXPECT_THROW(judge(scored_pets(), "SELECT bread FROM pets", gold), Error);
}

TEST(Scoring, ReportCountsByShape) {
  const Example heavy{
      .shape = "filter", .prompt = "q", .sql = "SELECT breed FROM pets WHERE weight > 20", .database = scored_pets()};
  const Example count{.shape = "count", .prompt = "q", .sql = "SELECT COUNT(*) FROM pets", .database = scored_pets()};
  const std::vector<std::string> replies = {heavy.sql, "SELECT 1", "SELECT 3"};
  const Report report = score({heavy, heavy, count}, replies);
  EXPECT_EQ(report.all.correct, 2u);
  EXPECT_EQ(report.all.total, 3u);
  EXPECT_EQ(report.by_shape.at("filter").correct, 1u);
  EXPECT_DOUBLE_EQ(report.by_shape.at("count").accuracy(), 1.0);
  const std::string text = to_text(report, {heavy, heavy, count}, replies, 5);
  EXPECT_NE(text.find("predicted: SELECT 1"), std::string::npos) << text;
  EXPECT_THROW(score({heavy}, {}), Error);
}

}  // namespace
}  // namespace temper::text2sql
