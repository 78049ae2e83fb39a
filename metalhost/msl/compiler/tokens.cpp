#include "msl/compiler/tokens.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string_view>

namespace metalhost::msl {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

constexpr std::array<std::string_view, 28> kSymbols = {
    "<<=", ">>=", "...", "[[", "]]", "::", "->", "++", "--", "+=", "-=", "*=", "/=", "%=",
    "&=",  "|=",  "^=",  "==", "!=", "<=", ">=", "&&", "||", "<<", "##", "*/", "//", "/*"};

std::size_t end_of_quoted(const std::string& text, std::size_t at) {
  char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

std::size_t end_of_number(const std::string& text, std::size_t at) {
  for (; at < text.size(); ++at) {
    bool is_sign = (text[at] == '+' || text[at] == '-') && (text[at - 1] == 'e' || text[at - 1] == 'E') &&
                   text.compare(at - 1, 1, "x") != 0;
    if (!is_word(text[at]) && text[at] != '.' && !is_sign) break;
  }
  return at;
}

}  // namespace

std::vector<Token> tokenize(const std::string& text) {
  std::vector<Token> tokens;
  std::string file = "program_source";
  int line = 1;
  std::size_t line_start = 0;
  bool at_line_start = true;
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at];
    std::size_t end = at + 1;
    TokenKind kind = TokenKind::symbol;
    if (c == '#' && at_line_start) {
      kind = TokenKind::line_marker;
      end = std::min(text.find('\n', at), text.size() - 1) + 1;
      int marked = 0;
      char name[1024];
      if (std::sscanf(text.c_str() + at, "# %d \"%1023[^\"]\"", &marked, name) == 2) {
        file = name;
        line = marked - 1;
      }
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      kind = TokenKind::space;
      while (end < text.size() && text[end - 1] != '\n' && std::isspace(static_cast<unsigned char>(text[end]))) ++end;
    } else if (c == '"' || c == '\'') {
      kind = c == '"' ? TokenKind::string : TokenKind::character;
      end = end_of_quoted(text, at);
    } else if (std::isdigit(static_cast<unsigned char>(c)) ||
               (c == '.' && end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])))) {
      kind = TokenKind::number;
      end = end_of_number(text, end);
    } else if (is_word(c)) {
      kind = TokenKind::identifier;
      while (end < text.size() && is_word(text[end])) ++end;
    } else {
      for (std::string_view symbol : kSymbols) {
        if (text.compare(at, symbol.size(), symbol) != 0) continue;
        end = at + symbol.size();
        break;
      }
    }
    tokens.push_back({kind, text.substr(at, end - at), file, line, static_cast<int>(at - line_start) + 1, "", ""});
    for (; at < end; ++at) {
      if (text[at] == '\n') {
        ++line;
        line_start = at + 1;
      }
      at_line_start = text[at] == '\n' || (at_line_start && text[at] == ' ');
    }
  }
  return tokens;
}

}  // namespace metalhost::msl
