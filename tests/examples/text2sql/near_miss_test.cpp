#include "near_miss.h"

#include <gtest/gtest.h>

#include <set>

#include "rows.h"
#include "scoring.h"
#include "shapes.h"

namespace temper::text2sql {
namespace {

// The drafts of one round of questions over every shape and split, with rows.
template <class Visit>
void for_each_draft(Visit visit) {
  Rng rng(11);
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    for (const Shape& shape : shapes()) {
      for (int i = 0; i < 2; ++i) {
        const Draft draft = shape.make(make_schema(rng.pick(domains(split)), rng), rng);
        if (const auto database = separating_rows(draft, rng)) visit(shape, draft, *database);
      }
    }
  }
}

TEST(NearMiss, EveryNearMissScoresZeroAndTheGoldQueryScores) {
  std::set<std::string_view> covered;
  for_each_draft([&](const Shape& shape, const Draft& draft, const Database& database) {
    covered.insert(shape.name);
    const std::string gold = to_sql(draft.query);
    EXPECT_TRUE(judge(database, gold, gold).correct) << gold;
    const std::vector<NearMiss> misses = near_misses(draft.query, draft.schema);
    EXPECT_GE(misses.size(), 2u) << gold;
    for (const NearMiss& miss : misses) {
      EXPECT_FALSE(judge(database, gold, to_sql(miss.query)).correct)
          << miss.mistake << "\n  " << gold << "\n  " << to_sql(miss.query);
    }
  });
  EXPECT_EQ(covered.size(), shapes().size()) << "some shape never found rows that separate its near misses";
}

TEST(NearMiss, NearMissesAreValidQueries) {
  // A near miss that doesn't execute would separate nothing.
  for_each_draft([](const Shape& shape, const Draft& draft, const Database& database) {
    Sandbox sandbox(database);
    for (const NearMiss& miss : near_misses(draft.query, draft.schema)) {
      const Execution result = sandbox.execute(to_sql(miss.query));
      EXPECT_TRUE(result.ok) << shape.name << ": " << miss.mistake << ": " << to_sql(miss.query) << ": "
                             << result.error;
    }
  });
}

TEST(NearMiss, CoversTheMistakesOfATopKQuery) {
  const Column breed{.name = "breed", .type = ColumnType::text, .values = {"a", "b"}};
  const Column weight{.name = "weight", .low = 1, .high = 50}, height{.name = "height", .low = 1, .high = 50};
  const Column key{.name = "pet_id", .key = true};
  Schema schema;
  schema.parent = {.name = "owners", .singular = "owner", .columns = {{.name = "owner_id", .key = true}}};
  schema.child = {.name = "pets", .singular = "pet", .columns = {key, breed, weight, height}};
  const Query gold{.items = {Item{Aggregate::none, "breed"}},
                   .table = "pets",
                   .where = {{.column = "weight", .comparison = Comparison::greater, .values = {int64_t{9}}}},
                   .order = Order{"height", true},
                   .limit = 3};
  std::set<std::string> queries;
  for (const NearMiss& miss : near_misses(gold, schema)) queries.insert(to_sql(miss.query));
  for (const char* expected : {
           "SELECT weight FROM pets WHERE weight > 9 ORDER BY height DESC LIMIT 3",
           "SELECT breed FROM pets ORDER BY height DESC LIMIT 3",
           "SELECT breed FROM pets WHERE height > 9 ORDER BY height DESC LIMIT 3",
           "SELECT breed FROM pets WHERE weight >= 9 ORDER BY height DESC LIMIT 3",
           "SELECT breed FROM pets WHERE weight > 10 ORDER BY height DESC LIMIT 3",
           "SELECT breed FROM pets WHERE weight > 9 LIMIT 3",
           "SELECT breed FROM pets WHERE weight > 9 ORDER BY height ASC LIMIT 3",
           "SELECT breed FROM pets WHERE weight > 9 ORDER BY weight DESC LIMIT 3",
           "SELECT breed FROM pets WHERE weight > 9 ORDER BY height DESC",
           "SELECT breed FROM pets WHERE weight > 9 ORDER BY height DESC LIMIT 4",
           "SELECT breed FROM pets WHERE weight > 9 ORDER BY height DESC LIMIT 2",
       }) {
    EXPECT_TRUE(queries.contains(expected)) << expected;
  }
  EXPECT_FALSE(queries.contains(to_sql(gold)));
}

}  // namespace
}  // namespace temper::text2sql
