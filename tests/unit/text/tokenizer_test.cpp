#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "temper/error.h"
#include "text/byte_level.h"
#include "text/stream_decoder.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

using Ids = std::vector<int32_t>;
using namespace std::string_literals;

/// All 256 byte tokens (id = byte), " a", and the control tokens <s> and </s>.
GgufVocab byte_vocabulary(const std::string& pre = "gpt-2") {
  GgufVocab vocab{.model = "gpt2", .pre = pre};
  for (int byte = 0; byte < 256; ++byte) vocab.tokens.push_back(to_byte_level(std::string(1, static_cast<char>(byte))));
  vocab.tokens.insert(vocab.tokens.end(), {"Ġa", "<s>", "</s>"});
  vocab.merges = {"Ġ a"};
  vocab.token_types.assign(257, 1);
  vocab.token_types.insert(vocab.token_types.end(), {3, 4});
  vocab.bos = 257;
  vocab.eos = 258;
  return vocab;
}

std::string error_of(const GgufVocab& vocab, ErrorCode code) {
  try {
    Tokenizer::from_gguf(vocab, "file.gguf");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(Tokenizer, RecognisesAddedTokensAndTellsSpecialOnes) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(byte_vocabulary(), "test");
  EXPECT_EQ(tokenizer.encode("x a<s>y</s>"), (Ids{'x', 256, 257, 'y', 258}));
  EXPECT_TRUE(tokenizer.is_special(257));
  EXPECT_FALSE(tokenizer.is_special(258)) << "user-defined tokens aren't special";
  EXPECT_FALSE(tokenizer.is_special(-1));
  EXPECT_FALSE(tokenizer.is_special(1000));
  EXPECT_EQ(tokenizer.decode(Ids{'x', 257, 258}, true), "x</s>");
  EXPECT_EQ(tokenizer.decode(Ids{'x', 257, 258}), "x<s></s>");
}

TEST(Tokenizer, LooksTokensUp) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(byte_vocabulary(), "test");
  EXPECT_EQ(tokenizer.vocab_size(), 259);
  EXPECT_EQ(tokenizer.id_of("Ġa"), 256);
  EXPECT_EQ(tokenizer.id_of(" a"), std::nullopt);
  EXPECT_EQ(tokenizer.token(256), "Ġa");
  EXPECT_EQ(tokenizer.token(-1), "");
  EXPECT_EQ(tokenizer.token(259), "");
  EXPECT_EQ(tokenizer.bytes_of(256), " a");
  EXPECT_EQ(tokenizer.bytes_of(0xC3), "\xC3");
  EXPECT_EQ(tokenizer.bytes_of(257), "<s>");
  EXPECT_EQ(tokenizer.bytes_of(259), "");
  EXPECT_EQ(tokenizer.bos(), 257);
  EXPECT_EQ(tokenizer.eos(), 258);
  EXPECT_EQ(tokenizer.pad(), std::nullopt);
}

TEST(Tokenizer, ReadsInvalidUtf8AsReplacementCharacters) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(byte_vocabulary(), "test");
  EXPECT_EQ(tokenizer.encode("a\xFF\xE2\x82"), tokenizer.encode("a\uFFFD\uFFFD"));
  EXPECT_EQ(tokenizer.encode("\xF0\x9F\x98\x80"), (Ids{0xF0, 0x9F, 0x98, 0x80}));
  EXPECT_EQ(tokenizer.encode("\0"s), Ids{0});
}

TEST(Tokenizer, AddsBosWhenTheFileOrTheFamilySaysSo) {
  GgufVocab vocab = byte_vocabulary();
  EXPECT_EQ(Tokenizer::from_gguf(vocab, "test").encode_with_special("x"), (Ids{'x'}));
  vocab.add_bos = vocab.add_eos = true;
  EXPECT_EQ(Tokenizer::from_gguf(vocab, "test").encode_with_special("x"), (Ids{257, 'x', 258}));
  vocab = byte_vocabulary("llama-bpe");
  EXPECT_EQ(Tokenizer::from_gguf(vocab, "test").encode_with_special("x"), (Ids{257, 'x'}));
  vocab.add_bos = false;
  EXPECT_EQ(Tokenizer::from_gguf(vocab, "test").encode_with_special("x"), (Ids{'x'}));
}

TEST(Tokenizer, WrittenFilesKeepIdsRolesAndPostProcessing) {
  GgufVocab vocab = byte_vocabulary("qwen2");
  vocab.add_bos = true;
  const Tokenizer tokenizer = Tokenizer::from_gguf(vocab, "test");
  const Tokenizer again = Tokenizer::from_json(tokenizer.to_json(), tokenizer.config_to_json("{{ x }}"), "written");
  const std::string text = "e\u0301 a 12<s>it's  \n</s>";
  EXPECT_EQ(again.encode_with_special(text), tokenizer.encode_with_special(text));
  EXPECT_EQ(again.bos(), 257);
  EXPECT_EQ(again.eos(), 258);
  EXPECT_TRUE(again.is_special(257));
  EXPECT_EQ(parse_json(again.config_to_json(), "config").at("chat_template"), "{{ x }}");
  EXPECT_EQ(parse_json(again.config_to_json("new"), "config").at("chat_template"), "new");
}

TEST(Tokenizer, ConfigurationNamesTheRolesInBothForms) {
  const std::string json = Tokenizer::from_gguf(byte_vocabulary(), "test").to_json();
  const Tokenizer tokenizer = Tokenizer::from_json(
      json,
      R"({"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": "absent", "unk_token": null, "x": 1})",
      "test");
  EXPECT_EQ(tokenizer.bos(), 257);
  EXPECT_EQ(tokenizer.eos(), 258);
  EXPECT_EQ(tokenizer.pad(), std::nullopt);
  EXPECT_EQ(tokenizer.unk(), std::nullopt);
  EXPECT_EQ(parse_json(tokenizer.config_to_json(), "config").at("x"), 1);
}

TEST(Tokenizer, ThreadsShareOne) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(byte_vocabulary("smollm"), "test");
  std::string text;
  for (int i = 0; i < 3000; ++i) text += " a word" + std::to_string(i * 7919 % 1000);
  const Ids expected = tokenizer.encode(text);
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  for (Ids& result : results) threads.emplace_back([&] { result = tokenizer.encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) EXPECT_EQ(result, expected);
}

TEST(GgufVocabulary, RefusesWhatItDoesNotKnowByName) {
  EXPECT_NE(
      error_of(byte_vocabulary("kimi"), ErrorCode::unsupported).find("'kimi' isn't supported; known are command-r"),
      std::string::npos);
  EXPECT_NE(error_of(byte_vocabulary(""), ErrorCode::unsupported).find("tokenizer.ggml.pre is absent"),
            std::string::npos);
  GgufVocab vocab = byte_vocabulary();
  vocab.model = "llama";
  EXPECT_NE(error_of(vocab, ErrorCode::unsupported).find("tokenizer.ggml.model 'llama' isn't supported"),
            std::string::npos);
}

TEST(GgufVocabulary, RefusesInconsistentMetadata) {
  const auto message = [](auto change) {
    GgufVocab vocab = byte_vocabulary();
    change(vocab);
    return error_of(vocab, ErrorCode::format);
  };
  const auto has = [](const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(has(message([](GgufVocab& v) {
                    v.tokens.clear();
                    v.token_types.clear();
                  }),
                  "the vocabulary is empty"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.token_types.pop_back(); }), "259 tokens but 258 token types"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.tokens[1] = "\xFF"; }), "token 1 isn't UTF-8"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.tokens[1] = v.tokens[2]; }), "tokens 1 and 2 are both"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.merges = {"Ġa"}; }), "merge 0 is 'Ġa'"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.merges = {"Ġ zz"}; }), "token 'zz' isn't in the vocabulary"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.merges = {"a b"}; }), "gives 'ab'"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.eos = 259; }), "id 259 lies outside"));
  EXPECT_TRUE(has(message([](GgufVocab& v) { v.bos = -2; }), "id -2 lies outside"));
  EXPECT_TRUE(has(message([](GgufVocab& v) {
                    v.bos.reset();
                    v.add_bos = true;
                  }),
                  "add_bos_token is set without"));
}

TEST(StreamDecoder, HoldsACharacterBackUntilItIsWhole) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(byte_vocabulary(), "test");
  StreamDecoder stream(tokenizer);
  std::vector<std::string> parts;
  for (const int32_t id : {0xF0, 0x9F, 0x98, 0x80, 0xC3, static_cast<int>('x'), 0x80}) parts.push_back(stream.push(id));
  EXPECT_EQ(parts, (std::vector<std::string>{"", "", "", "😀", "", "\uFFFDx", "\uFFFD"}));
  EXPECT_EQ(stream.flush(), "");
  EXPECT_EQ(stream.push(0xE4), "");
  EXPECT_EQ(stream.push(0xB8), "");
  EXPECT_EQ(stream.flush(), "\uFFFD") << "one for an unfinished character";
  EXPECT_EQ(stream.push('y'), "y") << "afresh after flush";
}

TEST(StreamDecoder, SkipsSpecialTokensWhenAsked) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(byte_vocabulary(), "test");
  StreamDecoder all(tokenizer), text_only(tokenizer, true);
  EXPECT_EQ(all.push(257), "<s>");
  EXPECT_EQ(text_only.push(257), "");
  EXPECT_EQ(text_only.push(-1), "");
}

TEST(Unicode, InvalidSequencesCountByMaximalSubparts) {
  // Unicode 15, section 3.9, table 3-8 and its neighbours.
  const auto replaced = [](std::string_view text) {
    std::string storage;
    return std::string(valid_utf8(text, storage));
  };
  EXPECT_EQ(replaced("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
            "A");
  EXPECT_EQ(replaced("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
            "A");
  EXPECT_EQ(replaced("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
            "A\uFFFD\uFFFD"
            "B");
  EXPECT_EQ(replaced("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD"
            "A");
}

TEST(Unicode, NormalFormsStopAtUnicode9) {
  EXPECT_EQ(normalize("e\u0301\u0323", NormalForm::nfc), "\u1EB9\u0301");
  EXPECT_EQ(normalize("\u1EB9\u0301", NormalForm::nfd), "e\u0323\u0301");
  EXPECT_EQ(normalize("\uFB03\u00BD", NormalForm::nfkc), "ffi1\u20442");
  EXPECT_EQ(normalize("\u32FF", NormalForm::nfkc), "\u32FF") << "a square of Unicode 12.1";
  EXPECT_EQ(lowercase("ÀΣİ"), "àσi\u0307");
}

}  // namespace
}  // namespace temper::text
