// Expected pieces are those of the tokenizers package (0.23.3).
#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text/normalizer.h"

namespace temper::text {
namespace {

using Pieces = std::vector<std::string>;
using Kind = PreTokenizerStep::Kind;

Pieces pieces(const std::vector<PreTokenizerStep>& steps, std::string_view text) {
  EncodeScratch scratch;
  PreTokenizer(steps, "test").split(text, scratch);
  return Pieces(scratch.pieces.begin(), scratch.pieces.end());
}

Pieces split_by(SplitBehavior behavior, bool invert) {
  return pieces({{.kind = Kind::split, .pattern = "\\n|-", .is_regex = true, .behavior = behavior, .invert = invert}},
                "-a\n\nb-c--");
}

TEST(PreTokenizer, SplitsByEachBehavior) {
  EXPECT_EQ(split_by(SplitBehavior::removed, false), (Pieces{"a", "b", "c"}));
  EXPECT_EQ(split_by(SplitBehavior::removed, true), (Pieces{"-", "\n", "\n", "-", "-", "-"}));
  for (const bool invert : {false, true}) {
    EXPECT_EQ(split_by(SplitBehavior::isolated, invert), (Pieces{"-", "a", "\n", "\n", "b", "-", "c", "-", "-"}));
    EXPECT_EQ(split_by(SplitBehavior::contiguous, invert), (Pieces{"-", "a", "\n\n", "b", "-", "c", "--"}));
  }
  const Pieces after{"-", "a\n", "\n", "b-", "c-", "-"}, before{"-a", "\n", "\nb", "-c", "-", "-"};
  EXPECT_EQ(split_by(SplitBehavior::merged_with_previous, false), after);
  EXPECT_EQ(split_by(SplitBehavior::merged_with_previous, true), before);
  EXPECT_EQ(split_by(SplitBehavior::merged_with_next, false), before);
  EXPECT_EQ(split_by(SplitBehavior::merged_with_next, true), after);
}

TEST(PreTokenizer, AStringPatternIsTakenLiterally) {
  EXPECT_EQ(pieces({{.kind = Kind::split, .pattern = "a+b"}}, "aab a+b"), (Pieces{"aab ", "a+b"}));
}

TEST(PreTokenizer, DigitsAreAllNumbers) {
  EXPECT_EQ(pieces({{.kind = Kind::digits}}, "a12Ⅷ½b3"), (Pieces{"a", "12Ⅷ½", "b", "3"}));
  EXPECT_EQ(pieces({{.kind = Kind::digits, .individual_digits = true}}, "a12Ⅷb3"),
            (Pieces{"a", "1", "2", "Ⅷ", "b", "3"}));
}

TEST(PreTokenizer, PunctuationIsThatOfUnicode8) {
  const auto punctuation = [](SplitBehavior behavior, std::string_view text) {
    return pieces({{.kind = Kind::punctuation, .behavior = behavior}}, text);
  };
  EXPECT_EQ(punctuation(SplitBehavior::contiguous, "a$+!b\u2E4E."), (Pieces{"a", "$+!", "b\u2E4E", "."}));
  EXPECT_EQ(punctuation(SplitBehavior::isolated, "a$+\u166Db"), (Pieces{"a", "$", "+", "\u166D", "b"}));
}

TEST(PreTokenizer, StepsAfterByteLevelSeeItsCharacters) {
  // The byte 0xB2 of "\u00F2" is written as the superscript two, which Digits takes for a digit.
  EXPECT_EQ(pieces({{.kind = Kind::byte_level, .add_prefix_space = true}, {.kind = Kind::digits}}, "a\u00F2\u0A72 b"),
            (Pieces{"ĠaÃ", "²", "à©", "²", "Ġb"}));
}

TEST(Normalizer, ReplacesAndPrependsAsHuggingFaceDoes) {
  using Step = NormalizerStep::Kind;
  const auto normalized = [](const std::vector<NormalizerStep>& steps, std::string_view text) {
    RegexScratch scratch;
    return Normalizer(steps, "test").apply(text, scratch);
  };
  const NormalizerStep prepend{.kind = Step::prepend, .content = "_"};
  EXPECT_EQ(normalized({prepend}, "x"), "_x");
  EXPECT_EQ(normalized({{.kind = Step::replace, .pattern = "x"}, prepend}, "xx"), "")
      << "nothing is put before nothing";
  EXPECT_EQ(normalized({{.kind = Step::replace, .pattern = "", .content = "-"}}, "ab"), "-a-b-");
  EXPECT_EQ(normalized({{.kind = Step::replace, .pattern = "b*", .is_regex = true, .content = "-"}}, "abba"), "-a-a-");
  EXPECT_EQ(normalized({{.kind = Step::replace, .pattern = ".", .content = "!"}}, "a.b"), "a!b");
}

}  // namespace
}  // namespace temper::text
