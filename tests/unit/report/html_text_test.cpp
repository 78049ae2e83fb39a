#include "train/report/html_text.h"

#include <gtest/gtest.h>

namespace temper::train {
namespace {

TEST(HtmlText, MarkupBecomesText) {
  EXPECT_EQ(escape_html("<a href=\"x\" id='y'>&amp;</a>"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
}

TEST(HtmlText, WellFormedUtf8AndWhiteSpaceStay) {
  const std::string text = "z\xc3\xbcrich \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x99\x82\n\tend";
  EXPECT_EQ(escape_html(text), text);
  EXPECT_EQ(escape_html("a\r\nb"), "a&#13;\nb");
}

TEST(HtmlText, MalformedUtf8AndControlCharactersAreReplaced) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(escape_html("\xff"), bad);
  EXPECT_EQ(escape_html("\xc3("), bad + "(");
  EXPECT_EQ(escape_html("\xe6\x97"), bad + bad);
  EXPECT_EQ(escape_html("\xc0\xaf"), bad + bad);                      // overlong
  EXPECT_EQ(escape_html("\xe0\x80\xaf"), bad + bad + bad);            // overlong
  EXPECT_EQ(escape_html("\xed\xa0\x80"), bad + bad + bad);            // surrogate
  EXPECT_EQ(escape_html("\xf4\x90\x80\x80"), bad + bad + bad + bad);  // beyond U+10FFFF
  EXPECT_EQ(escape_html(std::string("a\0b\x1b\x7f", 5)), "a" + bad + "b" + bad + bad);
}

TEST(HtmlText, ClippingKeepsCharactersWhole) {
  EXPECT_EQ(clip_utf8("abc", 3), "abc");
  EXPECT_EQ(clip_utf8("abc", 2), "ab");
  for (size_t n = 0; n <= 4; ++n) {
    const std::string_view expected = n < 3 ? "" : n == 3 ? "\xe6\x97\xa5" : "\xe6\x97\xa5x";
    EXPECT_EQ(clip_utf8("\xe6\x97\xa5xy", n), expected) << n;
  }
}

TEST(HtmlText, ShellWordsAreQuotedWhenNeeded) {
  EXPECT_EQ(shell_word("models/a-1.gguf"), "models/a-1.gguf");
  EXPECT_EQ(shell_word("my model"), "'my model'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace temper::train
