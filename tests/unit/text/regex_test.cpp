// Expected values are those of Oniguruma as the tokenizers package (0.23.3) runs it.
#include "text/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "temper/error.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

using Pairs = std::vector<std::pair<size_t, size_t>>;

Pairs find_all(std::string_view pattern, std::string_view text) {
  RegexScratch scratch;
  std::vector<Range> matches;
  Regex(pattern, "test").find_all(text, scratch, matches);
  Pairs pairs;
  for (const Range match : matches) pairs.emplace_back(match.begin, match.end);
  return pairs;
}

bool matches_character(const Regex& regex, char32_t code_point) {
  std::string text;
  append_utf8(text, code_point);
  RegexScratch scratch;
  std::vector<Range> matches;
  regex.find_all(text, scratch, matches);
  return !matches.empty();
}

TEST(Regex, ClassesMeanWhatTheyMeanInOniguruma) {
  struct Class {
    const char* pattern;
    std::vector<char32_t> inside, outside;
  };
  const std::vector<Class> classes{
      {R"(\s)", {' ', '\t', '\v', 0x85, 0xA0, 0x2028, 0x3000}, {0x180E, 0x200B, 0x1C, 0xFEFF, 'a'}},
      {R"(\S)", {0x180E, 0x200B, 0x1C, 'a'}, {' ', 0x85, 0x2029}},
      {R"([^\s])", {0x180E, 'a'}, {' ', 0x85, 0xA0}},
      {R"([\S])", {0x180E, 'a', 0x10FFFF, 0}, {' ', 0x85, 0xA0, 0x1680, 0x2000, 0x200A, 0x202F, 0x205F, 0x3000}},
      {R"([[:space:]])", {' ', 0x85}, {0x180E}},
      {R"(\d)", {'7', 0x661, 0x1D7CE}, {0xB2, 0x2167, 'a'}},
      {R"(\D)", {0xB2, 'a'}, {'7', 0x661}},
      {R"(\w)", {'a', '_', 0x301, 0xB2, 0xBD, 0x2167, 0x203F}, {' ', '-', 0x2070, 0x20AC}},
      {R"(\W)", {' ', 0x2070}, {'a', 0x301, 0xB2}},
      {R"(\h)", {'0', 'a', 'F'}, {'g', ' ', '\t'}},
      {R"(\v)", {'\v'}, {'\n', '\f', 0x2028}},
      {R"(\p{Han})", {0x4E00, 0x3005}, {0x3001, 0x3042}},
      {R"(\p{Letter})", {'a', 0x4E00}, {'1', 0x301}},
      {R"(\p{^L})", {'1'}, {'a'}},
      {R"(\P{uppercase letter})", {'a'}, {'A'}},
      {R"(\u00e9)", {0xE9}, {'u'}},
      {R"(\x{1F600})", {0x1F600}, {'x'}},
      {R"((?i:k))", {'k', 'K', 0x212A}, {'l'}},
      {R"(.)", {'a', '\r', 0x2028}, {'\n'}},
      {R"((?m:.))", {'a', '\n'}, {}},
  };
  for (const Class& c : classes) {
    const Regex regex(c.pattern, "test");
    for (const char32_t inside : c.inside)
      EXPECT_TRUE(matches_character(regex, inside)) << c.pattern << " U+" << static_cast<uint32_t>(inside);
    for (const char32_t outside : c.outside) {
      EXPECT_FALSE(matches_character(regex, outside)) << c.pattern << " U+" << static_cast<uint32_t>(outside);
    }
  }
}

TEST(Regex, QuantifiersAndAnchorsAreOnigurumas) {
  EXPECT_EQ(find_all("a{,2}", "aaa"), (Pairs{{0, 2}, {2, 3}}));
  EXPECT_EQ(find_all("x{", "x{"), (Pairs{{0, 2}}));
  EXPECT_EQ(find_all("^a", "a\na"), (Pairs{{0, 1}, {2, 3}}));
  EXPECT_EQ(find_all("a$", "a\nab\na\n"), (Pairs{{0, 1}, {5, 6}}));
  EXPECT_EQ(find_all(R"(\be)",
                     "e \xCC\x81"
                     "e"),
            (Pairs{{0, 1}}));  // a combining mark is part of a word
}

TEST(Regex, EmptyMatchesAreFoundExceptAfterAMatch) {
  EXPECT_EQ(find_all("b*", "abba"), (Pairs{{0, 0}, {1, 3}, {4, 4}}));
  EXPECT_EQ(find_all("(?=b)", "abba"), (Pairs{{1, 1}, {2, 2}}));
  EXPECT_EQ(find_all("", "\xC3\xA9x"), (Pairs{{0, 0}, {2, 2}, {3, 3}}));
}

TEST(Regex, RefusesWhatItDoesNotTranslate) {
  for (const char* pattern :
       {"[a&&b]", "[a[b]]", "[]a]", R"(\X)", R"(\K)", R"(\G)", R"(\k<a>)", "(?~a)", "a{2}+", "a{2}?", R"(\pL)",
        R"(\p{L)", "[a", R"(\u12)", R"([\W])", "(?#", R"(\)", R"(\x{12)", "(?a)b"}) {
    try {
      Regex(pattern, "there");
      ADD_FAILURE() << pattern << " was compiled";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << pattern;
      EXPECT_EQ(std::string_view(error.what()).find("there: regular expression '"), 0u) << error.what();
    }
  }
}

TEST(Regex, GivesUpOnBacktrackingWithoutBound) {
  try {
    find_all("(a+)+$b|(a|aa)+c", std::string(60, 'a'));
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::data);
  }
}

TEST(Regex, LongMatchesNeedNoDeepStack) {
  // A group repeated this often overflows the stack of PCRE2's JIT; the interpreter takes over.
  const std::string text(200'000, 'a');
  EXPECT_EQ(find_all("(?:a|b)+", text), (Pairs{{0, text.size()}}));
}

TEST(Regex, EscapedTextMatchesItself) {
  const std::string text = "a.b*[c]\\d{2}(e)^$|?+ \xC3\xA9#-";
  EXPECT_EQ(find_all(escape_regex(text), "x" + text), (Pairs{{1, text.size() + 1}}));
}

}  // namespace
}  // namespace temper::text
