#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace temper::text::jinja {

enum class TokenKind : uint8_t {
  data,            // text between tags, whitespace control already applied
  block_begin,     // {%
  block_end,       // %}
  variable_begin,  // {{
  variable_end,    // }}
  name,
  string,
  integer,
  real,
  symbol,  // an operator or a bracket; `text` holds it
  end,
};

struct Token {
  TokenKind kind;
  int line;
  std::string text;  // data, name, the string's value, the number as written, or the symbol
  int64_t integer = 0;
  double real = 0;

  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::symbol && text == symbol; }
  bool is_name(std::string_view name) const { return kind == TokenKind::name && text == name; }
};

/// Splits a template into tokens, with trim_blocks and lstrip_blocks, and comments removed. The last token is `end`.
/// Throws Fault{format} with the line.
std::vector<Token> tokenize(std::string_view source);

}  // namespace temper::text::jinja
