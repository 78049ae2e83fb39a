// The differences below were found by comparing both engines' character classes over all code points (Oniguruma 6.9
// inside the tokenizers package, PCRE2 10.42): on characters that PCRE2's Unicode version assigns, \p{category} and \d
// agree, the rest of this file is what doesn't.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "text/regex.h"

namespace temper::text {
namespace {

// Contents of character classes. PCRE2's \s also matches U+180E.
constexpr std::string_view kSpace =
    R"(\t-\r\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
constexpr std::string_view kNotSpace =
    R"(\x{00}-\x{08}\x{0E}-\x{1F}\x{21}-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027})"
    R"(\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF})";
// Oniguruma counts the Latin-1 superscripts and fractions as word characters, but no other number of category No.
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})";
constexpr std::string_view kHexDigit = "0-9A-Fa-f";

constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kCategories{{
    {"other", "C"},
    {"control", "Cc"},
    {"format", "Cf"},
    {"unassigned", "Cn"},
    {"privateuse", "Co"},
    {"surrogate", "Cs"},
    {"letter", "L"},
    {"lowercaseletter", "Ll"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"titlecaseletter", "Lt"},
    {"uppercaseletter", "Lu"},
    {"mark", "M"},
    {"combiningmark", "M"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"nonspacingmark", "Mn"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"connectorpunctuation", "Pc"},
    {"dashpunctuation", "Pd"},
    {"closepunctuation", "Pe"},
    {"finalpunctuation", "Pf"},
    {"initialpunctuation", "Pi"},
    {"otherpunctuation", "Po"},
    {"openpunctuation", "Ps"},
    {"symbol", "S"},
    {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"},
    {"mathsymbol", "Sm"},
    {"othersymbol", "So"},
    {"separator", "Z"},
    {"lineseparator", "Zl"},
    {"paragraphseparator", "Zp"},
    {"spaceseparator", "Zs"},
}};

/// The category's short name ("L", "Lu") for any spelling Oniguruma takes, or nullopt.
std::optional<std::string> category_name(std::string_view property) {
  std::string plain;
  for (const char c : property) {
    if (c != ' ' && c != '_' && c != '-') plain.push_back(static_cast<char>(std::tolower(static_cast<uint8_t>(c))));
  }
  for (const auto& [name, category] : kCategories) {
    std::string lower(category);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](uint8_t c) { return std::tolower(c); });
    if (plain == name || plain == lower) return std::string(category);
  }
  return std::nullopt;
}

class OnigurumaTranslator {
 public:
  OnigurumaTranslator(std::string_view pattern, std::string_view where) : in_(pattern), where_(where) {}

  std::string run() {
    while (at_ < in_.size()) item();
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorCode::unsupported, "{}: regular expression '{}': {} at byte {} isn't supported", where_, in_, what, at_);
  }

  char peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool starts(std::string_view prefix) const { return in_.substr(at_).starts_with(prefix); }
  void copy(size_t count) {
    out_ += in_.substr(at_, count);
    at_ += count;
  }

  void item() {
    switch (peek()) {
      case '\\':
        return escape();
      case '[':
        return character_class();
      case '(':
        return group();
      case '{':
        return interval();
      default:
        return copy(1);
    }
  }

  void group() {
    if (peek(1) != '?') return copy(1);
    for (const std::string_view opening : {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"}) {
      if (starts(opening)) return copy(opening.size());
    }
    if (starts("(?#")) {
      const size_t close = in_.find(')', at_);
      if (close == std::string_view::npos) refuse("an unfinished comment");
      at_ = close + 1;
      return;
    }
    if (starts("(?<")) return copy(3);  // a named group
    out_ += "(?";
    at_ += 2;
    while (peek() != ':' && peek() != ')') {
      const char option = peek();
      if (option != 'i' && option != 'm' && option != 'x' && option != '-') refuse("this kind of group");
      out_ += option == 'm' ? 's' : option;  // (?m) lets `.` match a newline; ^ and $ always work by line
      ++at_;
    }
    copy(1);
  }

  /// {n}, {n,}, {n,m}, {,m}; any other brace is a literal in both.
  void interval() {
    size_t end = at_ + 1;
    const auto digits = [&] {
      const size_t first = end;
      while (end < in_.size() && std::isdigit(static_cast<uint8_t>(in_[end]))) ++end;
      return in_.substr(first, end - first);
    };
    const std::string_view least = digits();
    bool comma = false;
    std::string_view most;
    if (end < in_.size() && in_[end] == ',') {
      ++end;
      comma = true;
      most = digits();
    }
    if (end >= in_.size() || in_[end] != '}' || (least.empty() && most.empty())) {
      out_ += "\\{";
      ++at_;
      return;
    }
    out_ += '{';
    out_ += least.empty() ? "0" : least;
    if (comma) out_ += ',';
    out_ += most;
    out_ += '}';
    at_ = end + 1;
    if (peek() == '+') refuse("'+' after an interval");
    if (peek() == '?' && !comma) refuse("'?' after an exact count");
  }

  /// \p{name}, \P{name}, \p{^name}; `at_` is at the backslash.
  void property() {
    bool negated = peek(1) == 'P';
    if (peek(2) != '{') refuse("a property without braces");
    const size_t close = in_.find('}', at_);
    if (close == std::string_view::npos) refuse("an unfinished property");
    std::string_view name = in_.substr(at_ + 3, close - at_ - 3);
    if (name.starts_with('^')) {
      name.remove_prefix(1);
      negated = !negated;
    }
    if (name.empty() || !std::all_of(name.begin(), name.end(),
                                     [](uint8_t c) { return std::isalnum(c) || c == '_' || c == ' ' || c == '-'; })) {
      refuse("this property");
    }
    out_ += negated ? "\\P{" : "\\p{";
    if (const auto category = category_name(name)) {
      out_ += *category;
    } else {
      out_ += "sc:";  // plain \p{Han} means the script extensions in PCRE2, the script in Oniguruma
      out_ += name;
    }
    out_ += '}';
    at_ = close + 1;
  }

  /// Escapes that mean the same inside and outside a class; false when this isn't one of them.
  bool common_escape() {
    const char c = peek(1);
    if (c == 'p' || c == 'P') {
      property();
    } else if (c == 'd') {
      out_ += "\\p{Nd}";
      at_ += 2;
    } else if (c == 'D') {
      out_ += "\\P{Nd}";
      at_ += 2;
    } else if (c == 'v') {
      out_ += "\\x{0B}";
      at_ += 2;
    } else if (c == 'u') {
      const std::string_view digits = in_.substr(at_ + 2, 4);
      if (digits.size() < 4 || !std::all_of(digits.begin(), digits.end(), [](uint8_t d) { return std::isxdigit(d); })) {
        refuse("this \\u escape");
      }
      out_ += "\\x{";
      out_ += digits;
      out_ += '}';
      at_ += 6;
    } else if (c == 'x' && peek(2) == '{') {
      const size_t close = in_.find('}', at_);
      if (close == std::string_view::npos) refuse("an unfinished \\x escape");
      copy(close + 1 - at_);
    } else if (c == 'x' || c == 't' || c == 'n' || c == 'r' || c == 'f' || c == 'a' || c == 'e') {
      copy(2);
    } else if (c != '\0' && static_cast<uint8_t>(c) < 0x80 && std::ispunct(static_cast<uint8_t>(c))) {
      copy(2);
    } else if (c == ' ') {
      copy(2);
    } else {
      return false;
    }
    return true;
  }

  void put(std::string_view opening, std::string_view contents, std::string_view closing) {
    out_ += opening;
    out_ += contents;
    out_ += closing;
    at_ += 2;
  }

  void escape() {
    if (common_escape()) return;
    switch (peek(1)) {
      case 's':
        return put("[", kSpace, "]");
      case 'S':
        return put("[^", kSpace, "]");
      case 'w':
        return put("[", kWord, "]");
      case 'W':
        return put("[^", kWord, "]");
      case 'h':
        return put("[", kHexDigit, "]");
      case 'H':
        return put("[^", kHexDigit, "]");
      case 'b':
        return word_boundary(false);
      case 'B':
        return word_boundary(true);
      case 'A':
      case 'z':
      case 'Z':
      case 'R':
        return copy(2);
      default:
        break;
    }
    if (peek(1) >= '1' && peek(1) <= '9') return copy(2);  // a back reference
    refuse("this escape");
  }

  void word_boundary(bool negated) {
    const std::string word = "[" + std::string(kWord) + "]";
    out_ += negated ? "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))"
                    : "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))";
    at_ += 2;
  }

  void character_class() {
    copy(1);
    if (peek() == '^') copy(1);
    if (peek() == ']') refuse("']' as the first character of a class");
    while (peek() != ']') {
      if (at_ >= in_.size()) refuse("an unfinished character class");
      if (starts("&&")) refuse("an intersection of classes");
      if (starts("[:space:]")) {
        out_ += kSpace;
        at_ += 9;
      } else if (starts("[:digit:]")) {
        out_ += "\\p{Nd}";
        at_ += 9;
      } else if (peek() == '[') {
        refuse("a class inside a class");
      } else if (peek() == '\\') {
        class_escape();
      } else {
        copy(1);
      }
    }
    copy(1);
  }

  void class_escape() {
    if (common_escape()) return;
    switch (peek(1)) {
      case 's':
        return put("", kSpace, "");
      case 'S':
        return put("", kNotSpace, "");
      case 'w':
        return put("", kWord, "");
      case 'h':
        return put("", kHexDigit, "");
      default:
        refuse("this escape inside a class");
    }
  }

  std::string_view in_, where_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string pcre2_from_oniguruma(std::string_view pattern, std::string_view where) {
  return OnigurumaTranslator(pattern, where).run();
}

std::string escape_regex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < 0x80 && std::ispunct(static_cast<uint8_t>(c))) escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

}  // namespace temper::text
