// JSONL data sets with one thing wrong. tests/unit/train/dataset_test.cpp says what each message names.
#include <gtest/gtest.h>

#include "fault/malformed.h"
#include "support/golden_models.h"
#include "train/dataset.h"

namespace temper::test {
namespace {

using train::PromptMask;

void read(const std::string& text, PromptMask mask) {
  static const TextProcessor processor = TextProcessor::open(testing::golden_path("tiny_llama/gqa_tied"));
  (void)train::parse_dataset(processor, text, "bad.jsonl", {.mask = mask, .max_tokens = 64});
}
void read_unmasked(const std::string& text) {
  read(text, PromptMask::none);
}

const std::string kGood = R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})"
                          "\n";

std::vector<Malformed> lines() {
  const std::string text = R"({"text": "a"})";
  return {
      {"empty", "no rows", ""},
      {"blank lines", "no rows", "\n\n \t\r\n"},
      {"a NUL", "bad.jsonl:1", std::string(1, '\0')},
      {"a NUL behind a row", "bad.jsonl:1", text + std::string(1, '\0')},
      {"binary", "bad.jsonl:1", "\x89PNG\r\n\x1a\n"},
      {"a byte order mark of UTF-16", "bad.jsonl:1", "\xff\xfe{\0"},
      {"not UTF-8", "bad.jsonl:1", "{\"text\": \"\xc3\x28\"}"},
      {"overlong UTF-8", "bad.jsonl:1", "{\"text\": \"\xc0\x80\"}"},
      {"half a surrogate pair", "bad.jsonl:1", R"({"text": "\ud800"})"},
      {"an escape cut", "bad.jsonl:1", R"({"text": "\u00)"},
      {"a control character in a string", "bad.jsonl:1", "{\"text\": \"a\tb\"}"},
      {"single quotes", "bad.jsonl:1", "{'text': 'a'}"},
      {"NaN", "bad.jsonl:1", R"({"text": NaN})"},
      {"a number too large", "bad.jsonl:1", R"({"text": 1e999})"},
      {"a trailing comma", "bad.jsonl:1", R"({"text": "a",})"},
      {"a comment", "bad.jsonl:1", "// rows\n" + text},
      {"a list of rows over lines", "bad.jsonl:1", "[\n" + text + ",\n" + text + "\n]"},
      {"a list of rows", "must be a JSON object", "[" + text + "]"},
      {"one object over lines", "bad.jsonl:1", "{\n\"text\": \"a\"\n}"},
      {"CSV", "bad.jsonl:1", "text,label\na,1\n"},
      {"two rows on a line", "bad.jsonl:1", text + text},
      {"the second row cut", "bad.jsonl:2", text + "\n" + text.substr(0, 8)},
      {"nested deep", "nested deeper", R"({"text": )" + std::string(100'000, '[') + "}"},
      {"objects nested deep", "nested deeper",
       [] {
         std::string deep;
         for (int i = 0; i < 5000; ++i) deep += R"({"a":)";
         return deep;
       }()},
      {"another kind further down", "bad.jsonl:2: a row of text", kGood + text},
  };
}

std::vector<Malformed> rows() {
  const auto message = [](const std::string& m) { return R"({"messages": [)" + m + "]}"; };
  return {
      {"tools that are no list", "`tools` must be a list",
       R"({"messages": [{"role": "user", "content": "a"}], "tools": 1})"},
      {"tools that are names", "each a JSON object",
       R"({"messages": [{"role": "user", "content": "a"}], "tools": ["add"]})"},
      {"tools as text", "not as text", R"({"messages": [{"role": "user", "content": "a"}], "tools": "[]"})"},
      {"no known key", "this one has instruction, output", R"({"instruction": "a", "output": "b"})"},
      {"no key", "no key", "{}"},
      {"null", "must be a JSON object", "null"},
      {"a string", "must be a JSON object", R"("a")"},
      {"text a list", "`text` must be a string", R"({"text": ["a"]})"},
      {"prompt without a completion", "this one has prompt", R"({"prompt": "a"})"},
      {"completion without a prompt", "this one has completion", R"({"completion": "a"})"},
      {"completion null", "`completion` must be a string", R"({"prompt": "a", "completion": null})"},
      {"prompt an object", "`prompt` must be a string", R"({"prompt": {"a": 1}, "completion": "b"})"},
      {"messages null", "must be a list", R"({"messages": null})"},
      {"messages an object", "must be a list", R"({"messages": {"role": "user", "content": "a"}})"},
      {"messages empty", "at least one message", message("")},
      {"a message of null", "every message needs a `role`", message("null")},
      {"a message of a list", "every message needs a `role`", message(R"(["user", "a"])")},
      {"no role", "every message needs a `role`", message(R"({"content": "a"})")},
      {"role null", "every message needs a `role`", message(R"({"role": null, "content": "a"})")},
      {"ShareGPT's keys", "every message needs a `role`", message(R"({"from": "human", "value": "a"})")},
      {"no content", "neither `content` nor `tool_calls`", message(R"({"role": "user"})")},
  };
}

std::vector<Malformed> unmaskable() {
  return {
      {"text", "no prompt to mask", R"({"text": "a"})"},
      {"only the user speaks", "no assistant message", R"({"messages": [{"role": "user", "content": "a"}]})"},
      {"an unknown role", "no assistant message", R"({"messages": [{"role": "Assistant", "content": "a"}]})"},
      {"a prompt that fills the limit", "raise --seq-len",
       R"({"prompt": ")" + std::string(300, 'x') + R"(", "completion": "b"})"},
  };
}

TEST(DatasetFaults, TheUnbrokenFileIsRead) {
  EXPECT_NO_THROW(read_unmasked(kGood));
  EXPECT_NO_THROW(read(kGood, PromptMask::last));
}
TEST(DatasetFaults, MalformedLinesAreRefused) {
  expect_refusals(lines(), "bad.jsonl", read_unmasked);
}
TEST(DatasetFaults, MalformedRowsAreRefused) {
  expect_refusals(rows(), "bad.jsonl:1: ", read_unmasked);
}
TEST(DatasetFaults, RowsThatCantBeMaskedAreRefused) {
  expect_refusals(unmaskable(), "bad.jsonl:1: ", [](const std::string& text) { read(text, PromptMask::all); });
}
TEST(DatasetFaults, DamagedBytesNeverCrash) {
  expect_survival_of_damage(kGood + kGood, 1000, [](const std::string& text) { read(text, PromptMask::last); });
}

}  // namespace
}  // namespace temper::test
