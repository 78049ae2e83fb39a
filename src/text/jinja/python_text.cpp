#include "text/jinja/python_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "text/jinja/runtime.h"

namespace temper::text::jinja {
namespace {

struct CodePoint {
  int32_t value;
  size_t bytes;
  bool valid;
};

CodePoint read_code_point(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1, true};
  utf8proc_int32_t value = -1;
  const auto count = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                      static_cast<utf8proc_ssize_t>(text.size() - at), &value);
  if (count <= 0 || value < 0) return {0xFFFD, 1, false};
  return {value, static_cast<size_t>(count), true};
}

template <class Convert>
std::string convert_each(std::string_view text, Convert convert) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint code = read_code_point(text, at);
    if (code.valid) {
      convert(out, code.value, at);
    } else {
      out += text[at];
    }
    at += code.bytes;
  }
  return out;
}

void append_upper(std::string& out, int32_t code_point) {
  constexpr int32_t kSharpS = 0xDF;
  out += code_point == kSharpS ? "SS" : encode(utf8proc_toupper(code_point));
}

void append_title(std::string& out, int32_t code_point) {
  constexpr int32_t kSharpS = 0xDF;
  out += code_point == kSharpS ? "Ss" : encode(utf8proc_totitle(code_point));
}

bool is_cased(int32_t code_point) {
  const auto category = utf8proc_category(code_point);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

bool cased_before(std::string_view text, size_t at) {
  while (at > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) break;
  }
  return at < text.size() && is_cased(decode_at(text, at));
}

void append_lower(std::string& out, int32_t code_point, std::string_view text, size_t at) {
  constexpr int32_t kSigma = 0x3A3, kFinalSigma = 0x3C2;
  if (code_point == kSigma) {
    const size_t after = next_code_point(text, at);
    const bool word_goes_on = after < text.size() && is_cased(decode_at(text, after));
    if (at > 0 && cased_before(text, at) && !word_goes_on) {
      out += encode(kFinalSigma);
      return;
    }
  }
  out += encode(utf8proc_tolower(code_point));
}

}  // namespace

size_t next_code_point(std::string_view text, size_t at) {
  return at + read_code_point(text, at).bytes;
}

int32_t decode_at(std::string_view text, size_t at) {
  return read_code_point(text, at).value;
}

std::string encode(int32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(code_point, bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(count)};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_valid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint code = read_code_point(text, at);
    if (!code.valid) return false;
    at += code.bytes;
  }
  return true;
}

int64_t count_code_points(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at = next_code_point(text, at);
  return count;
}

std::vector<size_t> code_point_offsets(std::string_view text) {
  std::vector<size_t> offsets;
  if (is_ascii(text)) return offsets;
  for (size_t at = 0; at < text.size(); at = next_code_point(text, at)) offsets.push_back(at);
  offsets.push_back(text.size());
  return offsets;
}

bool is_space(int32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_alpha(int32_t code_point) {
  const auto category = utf8proc_category(code_point);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(int32_t code_point) {
  return utf8proc_category(code_point) == UTF8PROC_CATEGORY_ND;
}

bool is_numeric(int32_t code_point) {
  const auto category = utf8proc_category(code_point);
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

bool is_word(int32_t code_point) {
  return is_alpha(code_point) || is_numeric(code_point) || code_point == '_';
}

bool is_cased_upper(int32_t code_point) {
  const auto category = utf8proc_category(code_point);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

bool is_cased_lower(int32_t code_point) {
  return utf8proc_category(code_point) == UTF8PROC_CATEGORY_LL;
}

bool is_printable(int32_t code_point) {
  if (code_point == ' ') return true;
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

namespace {

template <class Strippable>
std::string_view strip_while(std::string_view text, Side side, Strippable strippable) {
  const auto sides = static_cast<unsigned>(side);
  if (sides & static_cast<unsigned>(Side::left)) {
    size_t begin = 0;
    while (begin < text.size() && strippable(decode_at(text, begin))) begin = next_code_point(text, begin);
    text.remove_prefix(begin);
  }
  if (sides & static_cast<unsigned>(Side::right)) {
    while (!text.empty()) {
      size_t last = text.size() - 1;
      while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
      if (!strippable(decode_at(text, last))) break;
      text = text.substr(0, last);
    }
  }
  return text;
}

}  // namespace

std::string_view strip_space(std::string_view text, Side side) {
  return strip_while(text, side, is_space);
}

std::string_view strip_characters(std::string_view text, std::string_view characters, Side side) {
  std::vector<int32_t> set;
  for (size_t at = 0; at < characters.size(); at = next_code_point(characters, at))
    set.push_back(decode_at(characters, at));
  std::sort(set.begin(), set.end());
  return strip_while(text, side, [&](int32_t c) { return std::binary_search(set.begin(), set.end(), c); });
}

std::string upper(std::string_view text) {
  return convert_each(text, [](std::string& out, int32_t c, size_t) { append_upper(out, c); });
}

std::string lower(std::string_view text) {
  return convert_each(text, [&](std::string& out, int32_t c, size_t at) { append_lower(out, c, text, at); });
}

std::string title(std::string_view text) {
  bool in_word = false;
  return convert_each(text, [&](std::string& out, int32_t c, size_t at) {
    if (in_word) {
      append_lower(out, c, text, at);
    } else {
      append_title(out, c);
    }
    in_word = is_cased(c);
  });
}

std::string capitalize(std::string_view text) {
  return convert_each(text, [&](std::string& out, int32_t c, size_t at) {
    if (at == 0) {
      append_title(out, c);
    } else {
      append_lower(out, c, text, at);
    }
  });
}

std::string swap_case(std::string_view text) {
  return convert_each(text, [&](std::string& out, int32_t c, size_t at) {
    if (is_cased_lower(c)) {
      append_upper(out, c);
    } else {
      append_lower(out, c, text, at);
    }
  });
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const int32_t c = decode_at(text, at);
    size_t after = next_code_point(text, at);
    const bool ends = (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (ends) {
      if (c == '\r' && after < text.size() && text[after] == '\n') ++after;
      lines.push_back(text.substr(begin, (keep_ends ? after : at) - begin));
      begin = after;
    }
    at = after;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string quote(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char mark = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, mark);
  out += convert_each(text, [&](std::string& piece, int32_t c, size_t) {
    if (c == mark || c == '\\') {
      piece += '\\';
      piece += static_cast<char>(c);
    } else if (c == '\n') {
      piece += "\\n";
    } else if (c == '\r') {
      piece += "\\r";
    } else if (c == '\t') {
      piece += "\\t";
    } else if (is_printable(c)) {
      piece += encode(c);
    } else if (c < 0x100) {
      piece += fmt::format("\\x{:02x}", c);
    } else if (c < 0x10000) {
      piece += fmt::format("\\u{:04x}", c);
    } else {
      piece += fmt::format("\\U{:08x}", c);
    }
  });
  return out + mark;
}

}  // namespace temper::text::jinja
