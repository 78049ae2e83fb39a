#include <algorithm>

#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_format.h"
#include "text/jinja/text_search.h"

namespace temper::text::jinja {
namespace {

using Method = Value (*)(Runtime&, const Value& self, Arguments&);

Value like(Runtime& runtime, const Value& self, std::string bytes) {
  return runtime.text(std::move(bytes), self.markup());
}

Value strip_method(Runtime& runtime, const Value& self, Arguments& arguments, Side side) {
  const Bound bound("strip", arguments, {""});
  return like(runtime, self,
              std::string(bound.given(0) ? strip_characters(self.text(), bound.text(0), side)
                                         : strip_space(self.text(), side)));
}

template <std::string (*Convert)(std::string_view)>
Value convert_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("str method", arguments, {});
  return like(runtime, self, Convert(self.text()));
}

template <bool from_right>
Value split_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const int64_t limit = bound.integer_or(1, -1);
  if (bound.given(0) && bound.text(0).empty()) fault("empty separator");
  const auto pieces = bound.given(0) ? split_text(self.text(), bound.text(0), limit, from_right)
                                     : split_space(self.text(), limit, from_right);
  ValueList items;
  for (const std::string_view piece : pieces) items.push_back(like(runtime, self, std::string(piece)));
  return runtime.list(std::move(items));
}

Value splitlines_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  ValueList items;
  for (const std::string_view line : split_lines(self.text(), bound.truth_or(0, false)))
    items.push_back(like(runtime, self, std::string(line)));
  return runtime.list(std::move(items));
}

Value join_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("join", arguments, {""}, 1);
  if (bound.at(0).is(Kind::undefined) || !is_iterable(bound.at(0))) {
    if (!bound.at(0).is(Kind::undefined)) fault("can only join an iterable");
  }
  TextBuilder out(runtime);
  Iterator elements(runtime, bound.at(0));
  int64_t at = 0;
  while (const auto element = elements.next()) {
    if (at > 0) out += self.text();
    if (self.markup()) {
      const Value piece = soft_text(runtime, *element);
      out += piece.markup() ? piece.text() : escape_html(piece.text());
    } else {
      if (!element->is(Kind::text)) fault("sequence item {}: expected str instance, {} found", at, type_name(*element));
      out += element->text();
    }
    ++at;
  }
  return like(runtime, self, out.take());
}

Value replace_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("replace", arguments, {"", "", ""}, 2);
  const std::string& by = bound.text(1);
  const bool escape = self.markup() && !bound.at(1).markup();
  return like(
      runtime, self,
      replace_text(runtime, self.text(), bound.text(0), escape ? escape_html(by) : by, bound.integer_or(2, -1)));
}

/// The part of the text that start and end (code points, as in slices) select; nothing when start lies past the end.
struct Window {
  std::string_view text;
  int64_t start = 0;
  bool valid = true;
};

Window window_of(const Value& self, const Bound& bound, size_t first) {
  const std::string_view text = self.text();
  if (!bound.given(first) && !bound.given(first + 1)) return {text};
  const std::vector<size_t> offsets = code_point_offsets(text);
  const auto length = static_cast<int64_t>(offsets.empty() ? text.size() : offsets.size() - 1);
  const auto offset = [&](int64_t at) {
    return offsets.empty() ? static_cast<size_t>(at) : offsets[static_cast<size_t>(at)];
  };
  const auto wrap = [&](int64_t at) { return std::max<int64_t>(at < 0 ? at + length : at, 0); };
  const int64_t start = bound.given(first) ? wrap(index_of(bound.at(first), "start")) : 0;
  const int64_t end = std::min(length, bound.given(first + 1) ? wrap(index_of(bound.at(first + 1), "end")) : length);
  if (start > end) return {{}, start, false};
  return {text.substr(offset(start), offset(end) - offset(start)), start};
}

template <bool at_end>
Value affix_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  constexpr std::string_view kName = at_end ? "endswith" : "startswith";
  const Bound bound(kName, arguments, {"", "", ""}, 1);
  const Window window = window_of(self, bound, 1);
  const auto matches = [&](const Value& affix) {
    const std::string& text = text_of(affix, kName);
    return window.valid && (at_end ? window.text.ends_with(text) : window.text.starts_with(text));
  };
  runtime.step();
  const Value& affix = bound.at(0);
  if (!affix.is_sequence(SequenceKind::tuple)) {
    if (!affix.is(Kind::text) && !affix.is(Kind::undefined))
      fault("{} first arg must be str or a tuple of str, not {}", kName, type_name(affix));
    return Value(matches(affix));
  }
  return Value(std::any_of(affix.items().begin(), affix.items().end(), matches));
}

/// Code point index of `wanted`, or -1.
int64_t position_in(const Value& self, const Bound& bound, bool last) {
  const Window window = window_of(self, bound, 1);
  const std::string& wanted = bound.text(0);
  if (!window.valid) return -1;
  const size_t at = last ? window.text.rfind(wanted) : window.text.find(wanted);
  return at == std::string_view::npos ? -1 : window.start + count_code_points(window.text.substr(0, at));
}

template <bool last, bool must_exist>
Value find_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("find", arguments, {"", "", ""}, 1);
  runtime.step();
  const int64_t at = position_in(self, bound, last);
  if (must_exist && at < 0) fault("substring not found");
  return Value(at);
}

Value count_method(Runtime&, const Value& self, Arguments& arguments) {
  const Bound bound("count", arguments, {"", "", ""}, 1);
  const Window window = window_of(self, bound, 1);
  const std::string& wanted = bound.text(0);
  if (!window.valid) return Value(int64_t{0});
  if (wanted.empty()) return Value(count_code_points(window.text) + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = window.text.find(wanted, at)) != std::string_view::npos; at += wanted.size()) ++count;
  return Value(count);
}

template <bool last>
Value partition_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("partition", arguments, {""}, 1);
  const std::string& separator = bound.text(0);
  if (separator.empty()) fault("empty separator");
  const std::string& text = self.text();
  const size_t at = last ? text.rfind(separator) : text.find(separator);
  const auto piece = [&](std::string bytes) { return like(runtime, self, std::move(bytes)); };
  if (at == std::string::npos) {
    return last ? runtime.tuple({piece(""), piece(""), piece(text)})
                : runtime.tuple({piece(text), piece(""), piece("")});
  }
  return runtime.tuple({piece(text.substr(0, at)), piece(separator), piece(text.substr(at + separator.size()))});
}

template <bool suffix>
Value remove_affix_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound(suffix ? "removesuffix" : "removeprefix", arguments, {""}, 1);
  std::string_view text = self.text();
  const std::string& affix = bound.text(0);
  if (suffix && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!suffix && text.starts_with(affix)) text.remove_prefix(affix.size());
  return like(runtime, self, std::string(text));
}

enum class Alignment : uint8_t { left, right, center };

template <Alignment alignment>
Value align_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("ljust", arguments, {"", ""}, 1);
  const std::string fill = bound.has(1) ? bound.text(1) : " ";
  if (count_code_points(fill) != 1) fault("The fill character must be exactly one character long");
  const int64_t width = bound.integer_or(0, 0), missing = width - count_code_points(self.text());
  if (missing <= 0) return self;
  int64_t left = 0;
  if (alignment == Alignment::right) left = missing;
  if (alignment == Alignment::center) left = missing / 2 + (missing & width & 1);
  TextBuilder out(runtime);
  out.repeat(fill, left);
  out += self.text();
  out.repeat(fill, missing - left);
  return like(runtime, self, out.take());
}

Value zfill_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound("zfill", arguments, {""}, 1);
  std::string_view text = self.text();
  const int64_t missing = bound.integer_or(0, 0) - count_code_points(text);
  TextBuilder out(runtime);
  if (missing > 0 && !text.empty() && (text[0] == '+' || text[0] == '-')) {
    out += text.substr(0, 1);
    text.remove_prefix(1);
  }
  out.repeat("0", missing);
  out += text;
  return like(runtime, self, out.take());
}

template <bool (*Accepts)(int32_t)>
Value all_method(Runtime&, const Value& self, Arguments& arguments) {
  const Bound bound("str method", arguments, {});
  const std::string& text = self.text();
  for (size_t at = 0; at < text.size(); at = next_code_point(text, at)) {
    if (!Accepts(decode_at(text, at))) return Value(false);
  }
  return Value(!text.empty());
}

bool is_alphanumeric(int32_t c) {
  return is_alpha(c) || is_numeric(c);
}

template <bool uppercase>
Value case_method(Runtime&, const Value& self, Arguments& arguments) {
  const Bound bound("str method", arguments, {});
  return Value(has_one_case(self.text(), uppercase));
}

Value isascii_method(Runtime&, const Value& self, Arguments&) {
  return Value(is_ascii(self.text()));
}

constexpr std::pair<std::string_view, Method> kTextMethods[] = {
    {"capitalize", convert_method<capitalize>},
    {"center", align_method<Alignment::center>},
    {"count", count_method},
    {"endswith", affix_method<true>},
    {"find", find_method<false, false>},
    {"format", [](Runtime& rt, const Value& self, Arguments& a) { return format_braces(rt, self, a); }},
    {"index", find_method<false, true>},
    {"isalnum", all_method<is_alphanumeric>},
    {"isalpha", all_method<is_alpha>},
    {"isascii", isascii_method},
    {"isdecimal", all_method<is_decimal>},
    {"isdigit", all_method<is_decimal>},
    {"islower", case_method<false>},
    {"isnumeric", all_method<is_numeric>},
    {"isprintable", all_method<is_printable>},
    {"isspace", all_method<is_space>},
    {"isupper", case_method<true>},
    {"join", join_method},
    {"ljust", align_method<Alignment::left>},
    {"lower", convert_method<lower>},
    {"lstrip", [](Runtime& rt, const Value& self, Arguments& a) { return strip_method(rt, self, a, Side::left); }},
    {"partition", partition_method<false>},
    {"removeprefix", remove_affix_method<false>},
    {"removesuffix", remove_affix_method<true>},
    {"replace", replace_method},
    {"rfind", find_method<true, false>},
    {"rindex", find_method<true, true>},
    {"rjust", align_method<Alignment::right>},
    {"rpartition", partition_method<true>},
    {"rsplit", split_method<true>},
    {"rstrip", [](Runtime& rt, const Value& self, Arguments& a) { return strip_method(rt, self, a, Side::right); }},
    {"split", split_method<false>},
    {"splitlines", splitlines_method},
    {"startswith", affix_method<false>},
    {"strip", [](Runtime& rt, const Value& self, Arguments& a) { return strip_method(rt, self, a, Side::both); }},
    {"swapcase", convert_method<swap_case>},
    {"title", convert_method<title>},
    {"upper", convert_method<upper>},
    {"zfill", zfill_method},
};

constexpr std::string_view kMissingTextMethods[] = {"casefold",     "encode",  "expandtabs", "format_map",
                                                    "isidentifier", "istitle", "maketrans",  "translate"};

}  // namespace

std::optional<Value> text_method(Runtime& runtime, const Value& self, std::string_view name) {
  for (const auto& [known, method] : kTextMethods) {
    if (known != name) continue;
    return runtime.method(self, std::string(name), [self, method](Runtime& rt, Arguments& arguments) {
      rt.step(static_cast<int64_t>(self.text().size() / 64));
      return method(rt, self, arguments);
    });
  }
  const auto* missing = std::find(std::begin(kMissingTextMethods), std::end(kMissingTextMethods), name);
  if (missing == std::end(kMissingTextMethods)) return std::nullopt;
  return runtime.method(self, std::string(name),
                        [missing](Runtime&, Arguments&) -> Value { unsupported("the str method '{}'", *missing); });
}

}  // namespace temper::text::jinja
