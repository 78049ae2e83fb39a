#include "text/jinja/text_search.h"

#include <algorithm>

#include "text/jinja/python_text.h"

namespace temper::text::jinja {

std::vector<std::string_view> split_text(std::string_view text, std::string_view separator, int64_t limit,
                                         bool from_right) {
  std::vector<std::string_view> pieces;
  while (limit < 0 || static_cast<int64_t>(pieces.size()) < limit) {
    const size_t at = from_right ? text.rfind(separator) : text.find(separator);
    if (at == std::string_view::npos) break;
    if (from_right) {
      pieces.push_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      pieces.push_back(text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
  }
  pieces.push_back(text);
  if (from_right) std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::vector<std::string_view> split_space(std::string_view text, int64_t limit, bool from_right) {
  std::vector<std::string_view> pieces;
  const Side side = from_right ? Side::right : Side::left;
  text = strip_space(text, side);
  while (!text.empty()) {
    if (limit >= 0 && static_cast<int64_t>(pieces.size()) >= limit) {
      pieces.push_back(text);
      break;
    }
    size_t begin = 0, end = text.size();
    if (from_right) {
      for (begin = end; begin > 0;) {
        size_t last = begin - 1;
        while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
        if (is_space(decode_at(text, last))) break;
        begin = last;
      }
    } else {
      for (end = 0; end < text.size() && !is_space(decode_at(text, end));) end = next_code_point(text, end);
    }
    pieces.push_back(text.substr(begin, end - begin));
    text = strip_space(from_right ? text.substr(0, begin) : text.substr(end), side);
  }
  if (from_right) std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::string replace_text(Runtime& runtime, std::string_view text, std::string_view from, std::string_view to,
                         int64_t limit) {
  TextBuilder out(runtime);
  int64_t replaced = 0;
  size_t at = 0;
  while (limit < 0 || replaced < limit) {
    const size_t found = from.empty() ? at : text.find(from, at);
    if (found == std::string_view::npos) break;
    out += text.substr(at, found - at);
    out += to;
    ++replaced;
    at = found + from.size();
    if (from.empty()) {  // Python puts `to` before every character and at the end
      if (at >= text.size()) return out.take();
      const size_t next = next_code_point(text, at);
      out += text.substr(at, next - at);
      at = next;
    }
  }
  out += text.substr(at);
  return out.take();
}

bool has_one_case(std::string_view text, bool uppercase) {
  bool cased = false;
  for (size_t at = 0; at < text.size(); at = next_code_point(text, at)) {
    const int32_t c = decode_at(text, at);
    const bool is_upper = is_cased_upper(c), is_lower = is_cased_lower(c);
    if (uppercase ? is_lower : is_upper) return false;
    cased |= is_upper || is_lower;
  }
  return cased;
}

}  // namespace temper::text::jinja
