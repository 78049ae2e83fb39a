// Ids and texts of Hugging Face's tokenizers package, for small tokenizers of every layout that temper reads.
// Written by tools/golden/tokenizer_golden.py, whose docstring describes the files.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace temper::text {
namespace {

using Ids = std::vector<int32_t>;

std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(TEMPER_SOURCE_DIR) / "tests/golden/data/tokenizer" / name;
}

std::vector<Json> json_lines(const std::string& name) {
  std::istringstream lines(read_file(golden_path(name)));
  std::vector<Json> values;
  for (std::string line; std::getline(lines, line);) values.push_back(parse_json(line, name));
  return values;
}

const std::vector<Json>& golden_strings() {
  static const std::vector<Json> kStrings = json_lines("strings.jsonl");
  return kStrings;
}

Tokenizer golden_tokenizer(const std::string& name) {
  return Tokenizer::from_json(read_file(golden_path(name + ".tokenizer.json")), "", name);
}

std::string checksum(const Ids& ids) {
  uint32_t value = 0x811C9DC5;
  for (const int32_t id : ids) {
    for (int shift = 0; shift < 32; shift += 8)
      value = (value ^ (static_cast<uint32_t>(id) >> shift & 0xFF)) * 0x01000193;
  }
  return fmt::format("{:08x}", value);
}

void expect_golden_ids(const Tokenizer& tokenizer, const std::string& name) {
  const std::vector<Json> expected = json_lines(name + ".ids.jsonl");
  ASSERT_EQ(expected.size(), golden_strings().size());
  ASSERT_GT(expected.size(), 5000u);
  int wrong = 0;
  for (size_t i = 0; i < expected.size() && wrong < 10; ++i) {
    const Ids ids = tokenizer.encode(golden_strings()[i].get<std::string>());
    const Json got = expected[i].is_array() ? Json(ids) : Json(checksum(ids));
    wrong += got != expected[i];
    EXPECT_EQ(got, expected[i]) << name << ", string " << i << ": " << golden_strings()[i] << " gives " << Json(ids);
  }
}

class TokenizerGolden : public testing::TestWithParam<const char*> {};

TEST_P(TokenizerGolden, IdsEqualHuggingFace) {
  expect_golden_ids(golden_tokenizer(GetParam()), GetParam());
}

TEST_P(TokenizerGolden, WrittenTokenizerJsonGivesTheSameIds) {
  const std::string json = golden_tokenizer(GetParam()).to_json();
  const Tokenizer again = Tokenizer::from_json(json, "", "written");
  expect_golden_ids(again, GetParam());
  EXPECT_EQ(again.to_json(), json);
}

TEST_P(TokenizerGolden, DecodedTextEqualsHuggingFace) {
  const Tokenizer tokenizer = golden_tokenizer(GetParam());
  for (const Json& row : json_lines(std::string(GetParam()) + ".decode.jsonl")) {
    const Ids ids = row[0].get<Ids>();
    EXPECT_EQ(Json(tokenizer.decode(ids)), row[1]) << row[0];
    EXPECT_EQ(Json(tokenizer.decode(ids, true)), row[2]) << row[0];
  }
}

TEST_P(TokenizerGolden, StreamedTextConcatenatesToDecodedText) {
  const Tokenizer tokenizer = golden_tokenizer(GetParam());
  std::mt19937 random(3);
  std::uniform_int_distribution<int32_t> any_id(-1, static_cast<int32_t>(tokenizer.vocab_size()));
  StreamDecoder stream(tokenizer);
  for (int round = 0; round < 400; ++round) {
    Ids ids;
    for (auto n = random() % 20; n > 0; --n) ids.push_back(any_id(random));
    std::string streamed;
    for (const int32_t id : ids) {
      const std::string part = stream.push(id);
      EXPECT_NO_THROW(Json(part).dump()) << "not UTF-8 by itself";
      streamed += part;
    }
    streamed += stream.flush();
    EXPECT_EQ(streamed, tokenizer.decode(ids)) << Json(ids);
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, TokenizerGolden,
                         testing::Values("smollm", "gpt2", "roberta", "llama3", "qwen2", "gpt4o", "deepseek", "falcon",
                                         "behaviors", "added", "nfd", "sentencepiece", "gemma", "characters"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace temper::text
