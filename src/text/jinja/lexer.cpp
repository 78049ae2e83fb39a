#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>

#include "text/jinja/python_text.h"
#include "text/jinja/runtime.h"
#include "text/jinja/string_literal.h"

namespace temper::text::jinja {
namespace {

constexpr std::array<std::string_view, 26> kOperators = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                         "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                         ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

std::string with_plain_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_sign(char c) {
  return c == '-' || c == '+';
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_newlines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const size_t tag = find_tag();
      if (tag == std::string::npos) {
        add(TokenKind::data, source_.substr(at_));
        advance(source_.size());
        break;
      }
      if (const size_t body = raw_body(tag); body != 0) {
        raw_block(tag, body);
      } else if (source_[tag + 1] == '#') {
        comment(tag);
      } else {
        tagged(tag, source_[tag + 1] == '%');
      }
    }
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  char peek(size_t at) const { return at < source_.size() ? source_[at] : '\0'; }

  [[noreturn]] void error(std::string message) const { throw Fault(ErrorCode::format, std::move(message), line_); }

  void advance(size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  void add(TokenKind kind, std::string text) {
    if (kind == TokenKind::data && text.empty()) return;
    tokens_.push_back({kind, line_, std::move(text)});
  }

  size_t find_tag() const {
    for (size_t at = source_.find('{', at_); at != std::string::npos; at = source_.find('{', at + 1)) {
      const char next = peek(at + 1);
      if (next == '%' || next == '{' || next == '#') return at;
    }
    return std::string::npos;
  }

  size_t skip_space(size_t at) const {
    while (at < source_.size() && is_space(decode_at(source_, at))) at = next_code_point(source_, at);
    return at;
  }

  /// Emits the text before the tag at `tag`, stripped as its sign and lstrip_blocks ask.
  void data_before(size_t tag, bool is_variable) {
    const char sign = peek(tag + 2);
    std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    if (sign == '-') {
      text = strip_space(text, Side::right);
    } else if (sign != '+' && !is_variable) {
      const size_t newline = text.rfind('\n');
      const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      const bool at_line_start = line_begin > 0 || line_starting_;
      if (at_line_start && strip_space(text.substr(line_begin), Side::right).empty()) text = text.substr(0, line_begin);
    }
    add(TokenKind::data, std::string(text));
    advance(tag);
  }

  /// Goes past the end of a tag: `end` is where its two-character delimiter begins.
  void close(size_t end, char sign, bool trims_newline) {
    size_t after = end + 2;
    if (sign == '-') {
      after = skip_space(after);
    } else if (sign != '+' && trims_newline && peek(after) == '\n') {
      ++after;
    }
    advance(after);
    line_starting_ = source_[after - 1] == '\n';
  }

  /// Where the word `name` and the closing of the tag at `tag` end, or 0 when the tag says something else.
  size_t simple_tag(size_t tag, std::string_view name) const {
    size_t at = tag + 2 + (is_sign(peek(tag + 2)) ? 1 : 0);
    at = skip_space(at);
    if (source_.compare(at, name.size(), name) != 0) return 0;
    return skip_space(at + name.size());
  }

  size_t raw_body(size_t tag) const {
    if (source_[tag + 1] != '%') return 0;
    size_t at = simple_tag(tag, "raw");
    if (at == 0) return 0;
    const bool strips = peek(at) == '-';
    if (strips) ++at;
    if (source_.compare(at, 2, "%}") != 0) return 0;
    return strips ? skip_space(at + 2) : at + 2;
  }

  void raw_block(size_t tag, size_t body) {
    data_before(tag, false);
    advance(body);
    line_starting_ = source_[body - 1] == '\n';
    for (size_t end = source_.find("{%", body); end != std::string::npos; end = source_.find("{%", end + 1)) {
      size_t after = simple_tag(end, "endraw");
      if (after == 0) continue;
      const char sign = is_sign(peek(after)) ? source_[after] : '\0';
      if (sign != '\0') ++after;
      if (source_.compare(after, 2, "%}") != 0) continue;
      data_before(end, false);
      close(after, sign, true);
      return;
    }
    error("Missing end of raw directive");
  }

  void comment(size_t tag) {
    data_before(tag, false);
    const size_t begin = tag + 2 + (is_sign(peek(tag + 2)) ? 1 : 0);
    const size_t end = source_.find("#}", begin);
    if (end == std::string::npos) error("Missing end of comment tag");
    close(end, end > begin && is_sign(source_[end - 1]) ? source_[end - 1] : '\0', true);
  }

  void tagged(size_t tag, bool is_block) {
    data_before(tag, !is_block);
    add(is_block ? TokenKind::block_begin : TokenKind::variable_begin, "");
    advance(tag + 2 + (is_sign(peek(tag + 2)) ? 1 : 0));
    std::string brackets;
    const std::string_view delimiter = is_block ? "%}" : "}}";
    while (at_ < source_.size()) {
      if (brackets.empty()) {
        const char sign = source_[at_] == '-' || (is_block && source_[at_] == '+') ? source_[at_] : '\0';
        const size_t end = at_ + (sign != '\0' ? 1 : 0);
        if (source_.compare(end, 2, delimiter) == 0) {
          add(is_block ? TokenKind::block_end : TokenKind::variable_end, "");
          close(end, sign, is_block);
          return;
        }
      }
      expression_token(brackets);
    }
  }

  void expression_token(std::string& brackets) {
    const char first = source_[at_];
    if (const size_t after = skip_space(at_); after != at_) return advance(after);
    if (is_digit(first)) return number();
    if (first == '_' || is_word(decode_at(source_, at_))) {
      size_t end = at_;
      while (end < source_.size() && is_word(decode_at(source_, end))) end = next_code_point(source_, end);
      add(TokenKind::name, source_.substr(at_, end - at_));
      return advance(end);
    }
    if ((first == '\'' || first == '"') && quoted(first)) return;
    symbol(brackets);
  }

  bool quoted(char mark) {
    size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != mark) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return false;
    add(TokenKind::string, unescape_literal(std::string_view(source_).substr(at_ + 1, end - at_ - 1), line_));
    advance(end + 1);
    return true;
  }

  void symbol(std::string& brackets) {
    const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                    [&](std::string_view op) { return source_.compare(at_, op.size(), op) == 0; });
    if (found == kOperators.end()) {
      const size_t size = next_code_point(source_, at_) - at_;
      error(fmt::format("unexpected char {} at {}", quote(std::string_view(source_).substr(at_, size)),
                        count_code_points(std::string_view(source_).substr(0, at_))));
    }
    if (*found == "(") brackets += ')';
    if (*found == "[") brackets += ']';
    if (*found == "{") brackets += '}';
    if (*found == ")" || *found == "]" || *found == "}") {
      if (brackets.empty()) error(fmt::format("unexpected '{}'", *found));
      if (brackets.back() != found->front())
        error(fmt::format("unexpected '{}', expected '{}'", *found, brackets.back()));
      brackets.pop_back();
    }
    add(TokenKind::symbol, std::string(*found));
    advance(at_ + found->size());
  }

  /// The end of a run of digits, with single underscores between them.
  template <class IsDigit>
  size_t digits_end(size_t at, IsDigit accepts) const {
    while (accepts(peek(at)) || (peek(at) == '_' && at > 0 && accepts(source_[at - 1]) && accepts(peek(at + 1)))) ++at;
    return at;
  }

  void number() {
    const size_t whole = digits_end(at_, is_digit);
    size_t end = whole;
    if (peek(end) == '.' && is_digit(peek(end + 1))) end = digits_end(end + 1, is_digit);
    if (peek(end) == 'e' || peek(end) == 'E') {
      const size_t exponent = end + 1 + (is_sign(peek(end + 1)) ? 1 : 0);
      if (is_digit(peek(exponent))) end = digits_end(exponent, is_digit);
    }
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    if (end > whole && !after_dot) {
      Token token{TokenKind::real, line_, source_.substr(at_, end - at_)};
      parse_real(token.text, token.real);
      tokens_.push_back(std::move(token));
      return advance(end);
    }
    integer(whole);
  }

  void integer(size_t end) {
    const char mark = static_cast<char>(peek(at_ + 1) | 0x20);
    const auto is_in = [](std::string_view set) {
      return [set](char c) { return c != '\0' && set.find(c) != std::string_view::npos; };
    };
    const std::string_view digits = mark == 'x'   ? "0123456789abcdefABCDEF"
                                    : mark == 'o' ? "01234567"
                                    : mark == 'b' ? "01"
                                                  : "";
    if (source_[at_] == '0') {
      const size_t begin = at_ + 2 + (peek(at_ + 2) == '_' ? 1 : 0);
      if (!digits.empty() && is_in(digits)(peek(begin))) {
        end = digits_end(begin, is_in(digits));
      } else {
        end = digits_end(at_, is_in("0"));
      }
    }
    Token token{TokenKind::integer, line_, source_.substr(at_, end - at_)};
    try {
      parse_integer(token.text, 0, token.integer);
    } catch (const Fault& fault) {
      throw Fault(fault.code, fault.message, line_);
    }
    tokens_.push_back(std::move(token));
    advance(end);
  }

  const std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace temper::text::jinja
