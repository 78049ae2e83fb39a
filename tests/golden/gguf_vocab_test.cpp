// The vocabularies that llama.cpp ships to test its tokenizers, with ids that the models' own tokenizers gave.
// Long test: needs the files that tools/fetch_long_test_data.py fetches.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "io/gguf.h"
#include "io/gguf_vocab.h"
#include "models/text_processor.h"
#include "temper/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

using Ids = std::vector<int32_t>;

Tokenizer load(const std::filesystem::path& path) {
  return tokenizer_from_gguf(io::vocab_from_gguf(io::GgufFile(path)), path.filename().string());
}

std::vector<std::string> split_at(std::string text, const std::string& mark) {
  std::vector<std::string> parts;
  for (size_t end; (end = text.find(mark)) != std::string::npos; text.erase(0, end + mark.size())) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

class GgufVocabulary : public testing::TestWithParam<const char*> {
 protected:
  /// The path without the endings .inp and .out; empty, after a skip, when the data aren't there.
  static std::filesystem::path vocabulary() {
    const char* folder = std::getenv("TEMPER_LONG_DATA");
    if (folder == nullptr) return {};
    return std::filesystem::path(folder) / "vocab" / (std::string("ggml-vocab-") + GetParam() + ".gguf");
  }
};

constexpr const char* kNoData = "TEMPER_LONG_DATA isn't set; tools/fetch_long_test_data.py fetches the vocabularies";

TEST_P(GgufVocabulary, GivesTheIdsOfTheModelsOwnTokenizer) {
  const std::filesystem::path path = vocabulary();
  if (path.empty()) GTEST_SKIP() << kNoData;
  const Tokenizer tokenizer = load(path);
  const Tokenizer written = Tokenizer::from_json(tokenizer.to_json(), tokenizer.config_to_json(), "written");
  const std::vector<std::string> texts = split_at(read_file(path.string() + ".inp"), "\n__ggml_vocab_test__\n");
  std::istringstream lines(read_file(path.string() + ".out"));
  size_t count = 0;
  for (std::string line; count < texts.size() && std::getline(lines, line); ++count) {
    std::istringstream numbers(line);
    // The strings' ids for qwen35 come from llama.cpp, which doesn't normalize; the model's tokenizer.json does (NFC).
    if (GetParam() == std::string("qwen35") && normalize(texts[count], NormalForm::nfc) != texts[count]) continue;
    const Ids expected{std::istream_iterator<int32_t>(numbers), std::istream_iterator<int32_t>()};
    EXPECT_EQ(tokenizer.encode(texts[count]), expected) << "text " << count << ": '" << texts[count] << "'";
    EXPECT_EQ(written.encode(texts[count]), expected) << "text " << count << ": '" << texts[count] << "'";
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const int32_t id : expected) streamed += stream.push(id);
    EXPECT_EQ(streamed + stream.flush(), tokenizer.decode(expected));
  }
  EXPECT_GT(count, 40u);
  EXPECT_EQ(written.bos(), tokenizer.bos());
  EXPECT_EQ(written.eos(), tokenizer.eos());
}

constexpr const char* kFamilies[] = {"llama-bpe", "gpt-2",     "qwen2", "qwen35", "starcoder",
                                     "refact",    "command-r", "mpt",   "falcon", "deepseek-coder"};

INSTANTIATE_TEST_SUITE_P(Families, GgufVocabulary, testing::ValuesIn(kFamilies), [](const auto& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
});

TEST(GgufVocabularies, EveryOtherFamilyIsRefusedByName) {
  const char* folder = std::getenv("TEMPER_LONG_DATA");
  if (folder == nullptr) GTEST_SKIP() << kNoData;
  size_t refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder) / "vocab")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".gguf")) continue;
    if (std::ranges::any_of(kFamilies, [&](const std::string& f) { return name == "ggml-vocab-" + f + ".gguf"; }))
      continue;
    try {
      load(entry.path());
      ADD_FAILURE() << name << " was read, but its ids aren't tested";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << name << ": " << error.what();
      EXPECT_NE(std::string(error.what()).find("known"), std::string::npos) << name << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GE(refused, 9u);
}

}  // namespace
}  // namespace temper::text
