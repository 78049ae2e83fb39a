#include "text/jinja/string_literal.h"

#include "text/jinja/python_text.h"
#include "text/jinja/runtime.h"

namespace temper::text::jinja {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Reads exactly `count` hexadecimal digits of the escape named by `mark`.
int32_t hex_escape(std::string_view body, size_t& at, int count, char mark, int line) {
  int64_t code = 0;
  for (int i = 0; i < count; ++i) {
    const int digit = at < body.size() ? hex_digit(body[at]) : -1;
    if (digit < 0) {
      throw Fault(ErrorCode::format,
                  fmt::format("truncated \\{}{} escape", mark, std::string(static_cast<size_t>(count), 'X')), line);
    }
    code = code * 16 + digit;
    ++at;
  }
  if (code > 0x10FFFF) throw Fault(ErrorCode::format, "illegal Unicode character", line);
  if (code >= 0xD800 && code <= 0xDFFF)
    throw Fault(ErrorCode::format, "a string literal has a surrogate, which UTF-8 can't express", line);
  return static_cast<int32_t>(code);
}

int32_t octal_escape(std::string_view body, size_t& at) {
  int32_t code = 0;
  for (int i = 0; i < 3 && at < body.size() && body[at] >= '0' && body[at] <= '7'; ++i)
    code = code * 8 + (body[at++] - '0');
  return code;
}

}  // namespace

std::string unescape_literal(std::string_view body, int line) {
  constexpr std::string_view kNames = "abfnrtv\\'\"", kValues = "\a\b\f\n\r\t\v\\'\"";
  std::string out;
  for (size_t at = 0; at < body.size();) {
    const char c = body[at++];
    if (c != '\\' || at == body.size()) {
      out += c;
      continue;
    }
    const char escape = body[at];
    if (const size_t known = kNames.find(escape); known != std::string_view::npos) {
      out += kValues[known];
      ++at;
    } else if (escape == '\n') {
      ++at;
    } else if (escape >= '0' && escape <= '7') {
      out += encode(octal_escape(body, at));
    } else if (escape == 'x' || escape == 'u' || escape == 'U') {
      ++at;
      out += encode(hex_escape(body, at, escape == 'x' ? 2 : escape == 'u' ? 4 : 8, escape, line));
    } else if (escape == 'N') {
      throw Fault(ErrorCode::unsupported, "the escape \\N{...} in a string literal", line);
    } else {
      out += '\\';
    }
  }
  return out;
}

}  // namespace temper::text::jinja
