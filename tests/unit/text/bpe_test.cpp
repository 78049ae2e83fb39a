#include "text/bpe.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "text/byte_level.h"
#include "text/tokenizer_spec.h"

namespace temper::text {
namespace {

using Ids = std::vector<int32_t>;

/// A vocabulary with its map.
struct Vocabulary {
  TokenizerSpec spec;
  TokenMap map;

  explicit Vocabulary(const std::vector<std::string>& tokens) {
    for (const std::string& token : tokens) spec.tokens.emplace_back(token);
    index();
  }
  void index() {
    map.clear();
    for (size_t id = 0; id < spec.tokens.size(); ++id) map.emplace(*spec.tokens[id], static_cast<int32_t>(id));
  }
  Ids encode(std::string_view word, Bpe::Input input = Bpe::Input::text) const {
    Ids ids;
    Bpe(spec, map, input, "test").encode(word, ids);
    return ids;
  }
};

/// Letters a..d, and tokens made by `count` random merges of earlier tokens.
Vocabulary random_vocabulary(std::mt19937& random, size_t count) {
  Vocabulary vocabulary({"a", "b", "c", "d"});
  while (vocabulary.spec.tokens.size() < count) {
    const auto pick = [&] { return static_cast<int32_t>(random() % vocabulary.spec.tokens.size()); };
    const int32_t left = pick(), right = pick();
    const std::string merged =
        *vocabulary.spec.tokens[static_cast<size_t>(left)] + *vocabulary.spec.tokens[static_cast<size_t>(right)];
    if (merged.size() > 12 || vocabulary.map.contains(merged)) continue;
    vocabulary.spec.merges.emplace_back(left, right);
    vocabulary.spec.tokens.emplace_back(merged);
    vocabulary.index();
  }
  return vocabulary;
}

/// The definition: merge the best-ranked pair, the leftmost of equals, again and again.
Ids merge_by_definition(const Vocabulary& vocabulary, std::string_view word) {
  Ids symbols;
  for (const char c : word) symbols.push_back(vocabulary.map.at(std::string_view(&c, 1)));
  for (bool merged = true; merged;) {
    merged = false;
    for (const auto& [left, right] : vocabulary.spec.merges) {
      for (size_t i = 0; i + 1 < symbols.size() && !merged; ++i) {
        if (symbols[i] != left || symbols[i + 1] != right) continue;
        symbols[i] = vocabulary.map.at(*vocabulary.spec.tokens[static_cast<size_t>(left)] +
                                       *vocabulary.spec.tokens[static_cast<size_t>(right)]);
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  return symbols;
}

TEST(Bpe, ShortAndLongWordsFollowTheDefinition) {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    const Vocabulary vocabulary = random_vocabulary(random, 40);
    for (size_t length : {1, 2, 3, 7, 16, 31, 32, 33, 34, 60, 150}) {
      std::string word;
      for (size_t i = 0; i < length; ++i) word += "abcd"[random() % (round % 2 == 0 ? 4 : 2)];
      EXPECT_EQ(vocabulary.encode(word), merge_by_definition(vocabulary, word)) << word;
    }
  }
}

TEST(Bpe, AWordOfAMillionLettersIsQuick) {
  std::mt19937 random(6);
  const Vocabulary vocabulary = random_vocabulary(random, 60);
  std::string word;
  for (int i = 0; i < 1'000'000; ++i) word += "abcd"[random() % 4];
  const auto start = std::chrono::steady_clock::now();
  const Ids ids = vocabulary.encode(word);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  size_t letters = 0;
  for (const int32_t id : ids) letters += vocabulary.spec.tokens[static_cast<size_t>(id)]->size();
  EXPECT_EQ(letters, word.size());
  EXPECT_LT(seconds.count(), 30) << "quadratic time would be hours";
}

TEST(Bpe, BytesAndTheirCharactersGiveTheSameIds) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(to_byte_level(std::string(1, static_cast<char>(byte))));
  tokens.push_back(to_byte_level(" a"));
  tokens.push_back(to_byte_level("\xC3\xA9"));
  Vocabulary vocabulary(tokens);
  vocabulary.spec.merges = {{0x20, 0x61}, {0xC3, 0xA9}};
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 2 == 0 ? " a\xC3\xA9" : "";
    for (auto n = random() % 50; n > 0; --n) bytes += static_cast<char>(random() % 256);
    EXPECT_EQ(vocabulary.encode(bytes, Bpe::Input::bytes), vocabulary.encode(to_byte_level(bytes), Bpe::Input::text));
  }
}

TEST(Bpe, CharactersOutsideTheVocabularyAreDroppedWithoutAnUnknownToken) {
  EXPECT_EQ(Vocabulary({"a", "b"}).encode("axxb"), (Ids{0, 1}));
}

TEST(Bpe, UnknownTokensStandSinglyOrFused) {
  Vocabulary vocabulary({"a", "b", "<unk>"});
  vocabulary.spec.unk_token = "<unk>";
  EXPECT_EQ(vocabulary.encode("axxb\xC3\xA9"), (Ids{0, 2, 2, 1, 2}));
  vocabulary.spec.fuse_unk = true;
  EXPECT_EQ(vocabulary.encode("axxb\xC3\xA9"), (Ids{0, 2, 1, 2}));
}

TEST(Bpe, ByteTokensStandForUnknownCharactersWhenAllAreThere) {
  Vocabulary vocabulary({"a", "<0xC3>", "<0xA9>", "<unk>"});
  vocabulary.spec.unk_token = "<unk>";
  vocabulary.spec.byte_fallback = true;
  EXPECT_EQ(vocabulary.encode("a\xC3\xA9"), (Ids{0, 1, 2}));
  EXPECT_EQ(vocabulary.encode("a\xC3\xA8"), (Ids{0, 3}));
}

TEST(Bpe, IgnoreMergesTakesAWholeWordThatNoMergeGives) {
  Vocabulary vocabulary({"a", "b", "ab"});
  EXPECT_EQ(vocabulary.encode("ab"), (Ids{0, 1}));
  vocabulary.spec.ignore_merges = true;
  EXPECT_EQ(vocabulary.encode("ab"), (Ids{2}));
  EXPECT_EQ(vocabulary.encode("aba"), (Ids{0, 1, 0}));
  vocabulary.spec.added_tokens = {{.id = 2, .content = "ab", .in_vocabulary = false}};
  EXPECT_EQ(vocabulary.encode("ab"), (Ids{0, 1})) << "an added token isn't the model's";
}

}  // namespace
}  // namespace temper::text
