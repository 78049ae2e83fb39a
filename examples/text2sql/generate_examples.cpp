#include <set>

#include "base/fail.h"
#include "dataset.h"
#include "rows.h"
#include "shapes.h"

namespace temper::text2sql {
namespace {

// Questions that no rows separate from their near misses, or that were asked before, are rare; this many in a row mean
// that the vocabulary is used up.
constexpr int kDraftAttempts = 200;

}  // namespace

std::vector<Example> generate_examples(Split split, size_t count, uint64_t seed) {
  // Splits draw from unrelated sequences, so that their sizes don't influence each other.
  Rng rng(seed * 4 + static_cast<uint64_t>(split));
  std::vector<Example> examples;
  std::set<std::string> asked;
  int failures = 0;
  while (examples.size() < count) {
    const Shape& shape = shapes()[examples.size() % shapes().size()];
    const Draft draft = shape.make(make_schema(rng.pick(domains(split)), rng), rng);
    std::string prompt = schema_text(draft.schema) + draft.question;
    std::optional<Database> database;
    if (!asked.contains(prompt)) database = separating_rows(draft, rng);
    if (!database) {
      if (++failures > kDraftAttempts) {
        fail(ErrorCode::invalid_argument, "text2sql: {} {} examples: the vocabulary gives only {}; ask for fewer",
             count, name_of(split), examples.size());
      }
      continue;
    }
    failures = 0;
    asked.insert(prompt);
    examples.push_back({.shape = std::string(shape.name),
                        .prompt = std::move(prompt),
                        .sql = to_sql(draft.query),
                        .database = std::move(*database)});
  }
  rng.shuffle(examples);
  return examples;
}

}  // namespace temper::text2sql
