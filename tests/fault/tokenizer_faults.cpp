// Tokenizers inside GGUF files: vocabularies that are sound as metadata and senseless as a tokenizer. (Malformed
// tokenizer.json files and templates are in tests/unit/text and tests/unit/jinja.)
#include <gtest/gtest.h>

#include "base/file.h"
#include "fault/malformed.h"
#include "io/gguf.h"
#include "models/text_processor.h"
#include "unit/io/format_builders.h"

namespace temper::test {
namespace {

const std::string kTokenizer = "tokenizer.ggml.";

void read_tokenizer(const std::string& bytes) {
  const io::GgufFile file(std::as_bytes(std::span(bytes)), nullptr, "bad.gguf");
  const text::Tokenizer tokenizer = tokenizer_from_gguf(io::vocab_from_gguf(file), "bad.gguf");
  const std::vector<int32_t> ids = tokenizer.encode_with_special("ab c");
  (void)tokenizer.decode(ids);
}

/// The tiny model's file with one entry of its tokenizer replaced or added.
std::string with(const std::string& key, const std::string& entry) {
  GgufParts parts = tiny_llama_gguf();
  std::erase_if(parts.metadata, [&](const std::string& kv) { return kv.starts_with(gguf_string(kTokenizer + key)); });
  parts.metadata.push_back(entry);
  return parts.build();
}
std::string with_strings(const std::string& key, const std::vector<std::string>& values) {
  return with(key, kv_strings(kTokenizer + key, values));
}
std::string with_string(const std::string& key, const std::string& value) {
  return with(key, kv_string(kTokenizer + key, value));
}

std::vector<Malformed> files() {
  return {
      {"SentencePiece", "'llama' isn't supported", with_string("model", "llama")},
      {"WordPiece", "'bert' isn't supported", with_string("model", "bert")},
      {"model unnamed", "'' isn't supported", with_string("model", "")},
      {"pre-tokenizer unknown", "'klingon'", with_string("pre", "klingon")},
      {"token twice", "both 'a'", with_strings("tokens", {"a", "a", "b", "c", "d", "e"})},
      {"token not UTF-8", "isn't UTF-8", with_strings("tokens", {"a", "\xff", "b", "c", "d", "e"})},
      {"merge without a space", "two tokens with a space", with_strings("merges", {"ab"})},
      {"merge empty", "two tokens with a space", with_strings("merges", {""})},
      {"merge of an unknown token", "isn't in the vocabulary", with_strings("merges", {"a nonsense"})},
      {"merge of two spaces", "isn't in the vocabulary", with_strings("merges", {"a  b"})},
      {"BOS asked for and absent", "add_eos_token is set without a eos token",
       [] {
         GgufParts parts = tiny_llama_gguf();
         std::erase_if(parts.metadata,
                       [](const std::string& kv) { return kv.starts_with(gguf_string(kTokenizer + "eos_token_id")); });
         parts.metadata.push_back(kv_bool(kTokenizer + "add_eos_token", 1));
         return parts.build();
       }()},
  };
}

TEST(GgufTokenizerFaults, TheUnbrokenFileIsRead) {
  EXPECT_NO_THROW(read_tokenizer(tiny_llama_gguf().build()));
}
TEST(GgufTokenizerFaults, SeedsOfTheFuzzerAreRead) {
  for (const char* seed : {"smollm", "llama-bpe", "qwen2"})
    EXPECT_NO_THROW(
        read_tokenizer(read_file(std::string(TEMPER_SOURCE_DIR "/tests/fuzz/seeds/gguf_tokenizer/") + seed)))
        << seed;
}
TEST(GgufTokenizerFaults, SenselessVocabulariesAreRefused) {
  expect_refusals(files(), "bad.gguf", read_tokenizer);
}
TEST(GgufTokenizerFaults, DamagedBytesNeverCrash) {
  expect_survival_of_damage(tiny_llama_gguf().build(), 1000, read_tokenizer);
}

}  // namespace
}  // namespace temper::test
