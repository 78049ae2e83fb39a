// Preprocessed Metal source as tokens.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace metalhost::msl {

enum class TokenKind { space, line_marker, string, character, identifier, number, symbol };

struct Token {
  TokenKind kind;
  std::string text;  // as rewritten
  std::string file;
  int line = 0;
  int column = 0;        // in the preprocessed text
  std::string original;  // what stood there, where the rewriter changed it
  std::string after;     // what the rewriter adds behind it
  bool is_code() const { return kind != TokenKind::space && kind != TokenKind::line_marker; }
  bool is(const char* other) const { return text == other; }
  const std::string& as_written() const { return original.empty() ? text : original; }
  void rewrite(std::string to) {
    if (original.empty()) original = std::move(text);
    text = std::move(to);
  }
};

std::vector<Token> tokenize(const std::string& preprocessed);

}  // namespace metalhost::msl
