#include "dataset.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "baseline.h"
#include "report.h"
#include "shapes.h"
#include "temper/error.h"

namespace temper::text2sql {
namespace {

std::string file_text(const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) text += to_jsonl_line(example) + "\n";
  return text;
}

// A file in the temporary folder that is removed at the end.
class ScratchFile {
 public:
  ScratchFile(const std::string& name, std::string_view text)
      : path_(std::filesystem::temp_directory_path() / ("text2sql_dataset_test_" + name)) {
    write_file_atomic(path_, text);
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::vector<Example>& test_set() {
  static const std::vector<Example> examples = generate_examples(Split::test, 240, 7);
  return examples;
}

TEST(Dataset, TheSameSeedGivesTheSameBytesOnEveryPlatform) {
  const std::string text = file_text(generate_examples(Split::train, 45, 7));
  EXPECT_EQ(text, file_text(generate_examples(Split::train, 45, 7)));
  EXPECT_NE(text, file_text(generate_examples(Split::train, 45, 8)));
  EXPECT_EQ(sha256(std::as_bytes(std::span(text))), "4bc968979728b157ca0534630b50f2de656958557e443bd504023cfdb9063a55");
}

TEST(Dataset, CoversEveryShapeEvenly) {
  std::map<std::string, size_t> counts;
  for (const Example& example : test_set()) ++counts[example.shape];
  EXPECT_EQ(counts.size(), shapes().size());
  for (const auto& [shape, count] : counts) EXPECT_EQ(count, test_set().size() / shapes().size()) << shape;
}

TEST(Dataset, NoPromptOccursTwice) {
  std::set<std::string> prompts;
  for (const Example& example : test_set()) EXPECT_TRUE(prompts.insert(example.prompt).second) << example.prompt;
}

TEST(Dataset, PerfectPredictionsScoreEverything) {
  std::vector<std::string> replies;
  for (const Example& example : test_set()) replies.push_back("```sql\n" + example.sql + ";\n```");
  const Report report = score(test_set(), replies);
  EXPECT_EQ(report.all.correct, test_set().size());
}

TEST(Dataset, EveryGoldResultHasRows) {
  for (const Example& example : test_set()) {
    Sandbox sandbox(example.database);
    const Execution gold = sandbox.execute(example.sql);
    EXPECT_TRUE(gold.ok) << example.sql << ": " << gold.error;
    EXPECT_FALSE(gold.rows.empty()) << example.sql;
  }
}

TEST(Dataset, AnswersOfOtherRowsScoreNothing) {
  std::vector<std::string> replies;
  for (const Example& example : test_set()) replies.push_back(example.sql);
  std::rotate(replies.begin(), replies.begin() + 1, replies.end());
  EXPECT_LE(score(test_set(), replies).all.correct, 2u);
}

TEST(Dataset, RepliesAreShort) {
  // 64 new tokens are the demo's limit; a token of SQL has two characters or more on average.
  for (const Example& example : test_set()) EXPECT_LE(example.sql.size(), 128u) << example.sql;
}

TEST(Dataset, FilesReadBackAsWritten) {
  const std::vector<Example> examples = generate_examples(Split::valid, 30, 3);
  const ScratchFile file("valid.jsonl", file_text(examples));
  EXPECT_EQ(file_text(read_examples(file.path())), file_text(examples));
}

TEST(Dataset, PromptLinesEndBeforeTheReply) {
  const Example& example = test_set().front();
  const Json row = parse_json(to_prompt_line(example), "test");
  ASSERT_EQ(row.at("messages").size(), 2u);
  EXPECT_EQ(row.at("messages").at(1).at("role"), "user");
  EXPECT_EQ(row.dump().find(example.sql), std::string::npos);
}

TEST(Dataset, BadFilesAreNamedWithTheirLine) {
  const auto message_of = [](const std::string& text, bool predictions) -> std::string {
    const ScratchFile file("bad.jsonl", text);
    try {
      predictions ? (void)read_predictions(file.path()) : (void)read_examples(file.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string good = to_jsonl_line(test_set().front()) + "\n";
  EXPECT_NE(message_of(good + "{\"messages\":[", false).find("bad.jsonl:2"), std::string::npos);
  EXPECT_NE(message_of(good + "\n" + R"({"messages":[],"shape":"x"})", false).find("bad.jsonl:3"), std::string::npos);
  EXPECT_NE(message_of("{\"text\":\"a\"}\n{\"txt\":1}", true).find("bad.jsonl:2"), std::string::npos);
  EXPECT_NE(message_of("{\"text\":7}", true).find("bad.jsonl:1"), std::string::npos);
}

TEST(Baseline, TemplatesAbstractNamesAndValues) {
  const Example example{.shape = "join",
                        .prompt = "owners(owner_id, town)\npets(pet_id, breed, owner_id)\nShow the breed ...",
                        .sql = "SELECT breed FROM pets JOIN owners USING (owner_id) WHERE town = 'New Lima' LIMIT 3",
                        .database = {}};
  EXPECT_EQ(template_of(example), "SELECT {c0} FROM {t0} JOIN {t1} USING ({k0}) WHERE {c1} = '{s0}' LIMIT {n0}");
}

TEST(Baseline, FillsTheMajorityTemplateInOrderOfMention) {
  const auto row = [](std::string sql) {
    return Example{
        .shape = "filter", .prompt = "pets(pet_id, breed, weight)\nWhat?", .sql = std::move(sql), .database = {}};
  };
  const Baseline baseline({row("SELECT breed FROM pets WHERE weight > 3"), row("SELECT COUNT(*) FROM pets"),
                           row("SELECT weight FROM pets WHERE pet_id > 12")});
  EXPECT_EQ(baseline.majority_template(), "SELECT {c0} FROM {t0} WHERE {c1} > {n0}");
  EXPECT_EQ(baseline.frequency(), 2u);
  EXPECT_EQ(baseline.predict("zoos(zoo_id, city)\nanimals(animal_id, diet, body_mass)\n"
                             "What is the diet of animals with body mass over 40?"),
            "SELECT diet FROM animals WHERE body_mass > 40");
}

TEST(Baseline, LeavesMostOfTheTestSetUnsolved) {
  const Baseline baseline(generate_examples(Split::train, 150, 7));
  std::vector<std::string> replies;
  for (const Example& example : test_set()) replies.push_back(baseline.predict(example.prompt));
  const double accuracy = score(test_set(), replies).all.accuracy();
  EXPECT_GT(accuracy, 0.0);
  EXPECT_LT(accuracy, 0.15);
}

}  // namespace
}  // namespace temper::text2sql
