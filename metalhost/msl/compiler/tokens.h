// Preprocessed Metal source as tokens.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

namespace metalhost::msl {

enum class TokenKind { space, line_marker, string, character, identifier, number, symbol };

struct Token {
  TokenKind kind;
  std::string text;
  std::string file;
  int line = 0;
  std::string after;  // what the rewriter adds behind it
  bool is_code() const { return kind != TokenKind::space && kind != TokenKind::line_marker; }
  bool is(const char* other) const { return text == other; }
};

// A construct that is not Metal, or that the front end does not understand; what() is "file:line: error: text".
class CompileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::vector<Token> tokenize(const std::string& preprocessed);

}  // namespace metalhost::msl
