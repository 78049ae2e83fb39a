#include "cli/prompts.h"

#include <gtest/gtest.h>

#include "support/golden_models.h"
#include "support/test_folder.h"

namespace temper::cli {
namespace {

using testing::error_of;

const TextProcessor& processor() {
  static const TextProcessor tiny = TextProcessor::open(testing::golden_path("tiny_llama/gqa_tied"));
  return tiny;
}

std::vector<std::vector<int32_t>> parse(const std::string& text) {
  return parse_batch(processor(), {}, text, "batch.jsonl");
}

TEST(Batch, RowsOfEveryKindAreRead) {
  const auto prompts = parse(
      "{\"ids\": [3, 1, 4]}\n\n{\"prompt\": \"a\"}\r\n"
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"more\": 1}");
  ASSERT_EQ(prompts.size(), 3u);
  EXPECT_EQ(prompts[0], (std::vector<int32_t>{3, 1, 4}));
  EXPECT_EQ(prompts[1], prompts[2]) << "a prompt is one user message";
  EXPECT_EQ(prompts[1], prompt_ids(processor(), {}, "a"));
}

TEST(Batch, WhatIsWrongIsNamedWithItsLine) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "batch.jsonl: no rows"},
      {"\n \n", "batch.jsonl: no rows"},
      {"{\"ids\": [1]}\n{\"ids\": [1", "batch.jsonl:2: "},
      {"{\"ids\": [1]}\n\n5", "batch.jsonl:3: a row must be"},
      {"[1, 2]", "batch.jsonl:1: a row must be"},
      {"{\"text\": \"a\"}", "batch.jsonl:1: a row needs"},
      {"{\"ids\": 1}", "batch.jsonl:1: `ids` must be a list"},
      {"{\"ids\": []}", "batch.jsonl:1"},
      {"{\"ids\": [1, -1]}", "batch.jsonl:1: `ids` holds -1"},
      {"{\"ids\": [1.5]}", "batch.jsonl:1: `ids` holds 1.5"},
      {"{\"ids\": [\"1\"]}", "batch.jsonl:1: `ids` holds \"1\""},
      {"{\"ids\": [4294967297]}", "batch.jsonl:1: `ids` holds 4294967297"},
      {"{\"ids\": [18446744073709551615]}", "batch.jsonl:1: `ids` holds 18446744073709551615"},
      {"{\"prompt\": 1}", "batch.jsonl:1: `prompt` must be a string"},
      {"{\"messages\": \"a\"}", "batch.jsonl:1: `messages` must be a list"},
  };
  for (const auto& [text, says] : kCases) {
    const std::string message = error_of([&] { parse(text); });
    EXPECT_TRUE(message.starts_with(says)) << text << " -> " << message;
  }
}

TEST(Prompts, ASystemMessageNeedsATemplate) {
  const PromptStyle style{.raw = true, .system = "Be brief."};
  EXPECT_NE(error_of([&] { prompt_ids(processor(), style, "a"); }).find("--system"), std::string::npos);
  EXPECT_NE(error_of([&] { parse_batch(processor(), style, R"({"ids": [1]})", "b"); }).find("--system"),
            std::string::npos);
}

}  // namespace
}  // namespace temper::cli
