#include "generate/reply_text.h"

#include <gtest/gtest.h>

#include "models/text_processor.h"
#include "support/golden_models.h"

namespace temper {
namespace {

const text::Tokenizer& tokenizer() {
  static const text::Tokenizer tiny = TextProcessor::open(testing::golden_path("tiny_llama/gqa_tied")).tokenizer();
  return tiny;
}

/// One token a byte: whatever merges the vocabulary has, boundaries fall everywhere.
std::vector<int32_t> byte_tokens(std::string_view text) {
  std::vector<int32_t> ids;
  for (const char c : text) {
    int32_t found = -1;
    for (int32_t id = 0; id < tokenizer().vocab_size() && found < 0; ++id)
      if (!tokenizer().is_special(id) && tokenizer().bytes_of(id) == std::string(1, c)) found = id;
    ids.push_back(found);
  }
  return ids;
}

struct Streamed {
  std::string text;
  std::vector<std::string> pieces;
  bool stopped = false;
  size_t tokens = 0;  // pushed until it stopped
};

Streamed stream(std::string_view text, std::vector<std::string> stops) {
  ReplyText reply(tokenizer(), std::move(stops));
  Streamed result;
  for (const int32_t id : byte_tokens(text)) {
    result.pieces.push_back(reply.push(id));
    result.text += result.pieces.back();
    ++result.tokens;
    if (reply.stopped()) break;
  }
  result.stopped = reply.stopped();
  result.text += reply.finish();
  return result;
}

TEST(ReplyText, WithoutStopStringsEverythingIsShownAtOnce) {
  const Streamed streamed = stream("plain text", {});
  EXPECT_EQ(streamed.text, "plain text");
  for (const std::string& piece : streamed.pieces) EXPECT_EQ(piece.size(), 1u);
}

TEST(ReplyText, AStopStringAcrossTokensEndsTheReplyAndIsNotShown) {
  const Streamed streamed = stream("one END two", {"END"});
  EXPECT_TRUE(streamed.stopped);
  EXPECT_EQ(streamed.text, "one ");
  EXPECT_EQ(streamed.tokens, 7u);
}

TEST(ReplyText, TheBeginningOfAStopStringIsHeldBackUntilItIsNone) {
  const Streamed streamed = stream("aENx", {"END"});
  EXPECT_EQ(streamed.pieces, (std::vector<std::string>{"a", "", "", "ENx"}));
  EXPECT_FALSE(streamed.stopped);
}

TEST(ReplyText, AHeldBackBeginningIsShownAtTheEnd) {
  EXPECT_EQ(stream("text EN", {"END"}).text, "text EN");
}

TEST(ReplyText, OverlappingBeginningsAreFollowed) {
  EXPECT_EQ(stream("xaaab", {"aab"}).text, "xa");
  EXPECT_EQ(stream("ababac", {"abac"}).text, "ab");
}

TEST(ReplyText, TheEarliestOfSeveralStopStringsWins) {
  EXPECT_EQ(stream("one two three", {"three", "two"}).text, "one ");
  EXPECT_EQ(stream("abcd", {"bcd", "abc"}).text, "");
}

TEST(ReplyText, EmptyStopStringsMeanNothing) {
  EXPECT_EQ(stream("abc", {""}).text, "abc");
}

TEST(ReplyText, CharactersAreNeverSplit) {
  const Streamed streamed = stream("aé€😀b", {});
  EXPECT_EQ(streamed.text, "aé€😀b");
  for (const std::string& piece : streamed.pieces)
    EXPECT_TRUE(piece.empty() || piece == "a" || piece == "é" || piece == "€" || piece == "😀" || piece == "b") << piece;
}

TEST(ReplyText, StopStringsMayHoldManyByteCharacters) {
  EXPECT_EQ(stream("Ende 😀 danach", {"😀"}).text, "Ende ");
}

TEST(ReplyText, SpecialTokensAreLeftOut) {
  ReplyText reply(tokenizer(), {});
  EXPECT_EQ(reply.push(2), "");
  EXPECT_EQ(reply.finish(), "");
}

}  // namespace
}  // namespace temper
