#include "base/json.h"

#include "base/fail.h"

namespace temper {
namespace {

void check_depth(std::string_view text, std::string_view where, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) fail(ErrorCode::format, "{}: JSON nested deeper than {} levels", where, max_depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

template <class J>
J parse(std::string_view text, std::string_view where, int max_depth) {
  check_depth(text, where, max_depth);
  // The library takes a NUL for the end of the text and would accept whatever follows.
  if (text.find('\0') != std::string_view::npos)
    fail(ErrorCode::format, "{}: malformed JSON: byte {} is NUL", where, text.find('\0'));
  try {
    return J::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i + 1 < error.byte && i < text.size(); ++i) {
      column = text[i] == '\n' ? 1 : column + 1;
      line += text[i] == '\n';
    }
    // The library's text reads "[json.exception...] parse error at line 1, column 2: reason"; ours gives the place.
    std::string_view what = error.what();
    if (const size_t at = what.find(": "); at != std::string_view::npos) what.remove_prefix(at + 2);
    fail(ErrorCode::format, "{}: line {}, column {}: malformed JSON: {}", where, line, column, what);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::format, "{}: malformed JSON: {}", where, error.what());
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where, int max_depth) {
  return parse<Json>(text, where, max_depth);
}

OrderedJson parse_ordered_json(std::string_view text, std::string_view where, int max_depth) {
  return parse<OrderedJson>(text, where, max_depth);
}

}  // namespace temper
