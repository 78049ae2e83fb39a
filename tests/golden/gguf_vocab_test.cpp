// The vocabularies that llama.cpp ships to test its tokenizers, with ids that the models' own tokenizers gave.
// Long test: needs the files that tools/fetch_long_test_data.py fetches.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "io/gguf.h"
#include "io/gguf_vocab.h"
#include "temper/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

using Ids = std::vector<int32_t>;

std::optional<int32_t> narrow(std::optional<int64_t> id) {
  return id ? std::optional(static_cast<int32_t>(*id)) : std::nullopt;
}

Tokenizer load(const std::filesystem::path& path) {
  const io::GgufVocab vocab = io::vocab_from_gguf(io::GgufFile(path));
  return Tokenizer::from_gguf({.model = vocab.model,
                               .pre = vocab.pre,
                               .tokens = vocab.tokens,
                               .merges = vocab.merges,
                               .token_types = vocab.token_types,
                               .bos = narrow(vocab.bos),
                               .eos = narrow(vocab.eos),
                               .unk = narrow(vocab.unk),
                               .pad = narrow(vocab.pad),
                               .eot = narrow(vocab.eot),
                               .add_bos = vocab.add_bos,
                               .add_eos = vocab.add_eos},
                              path.filename().string());
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

INSTANTIATE_TEST_SUITE_P(Families, GgufVocabulary,
                         testing::Values("llama-bpe", "gpt-2", "qwen2", "qwen35", "starcoder", "refact", "command-r",
                                         "mpt", "falcon", "deepseek-coder"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace temper::text
