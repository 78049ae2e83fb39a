#include "text/jinja/filters.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_format.h"
#include "text/jinja/text_search.h"

namespace temper::text::jinja {
namespace {

template <std::string (*Convert)(std::string_view)>
Value convert_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("text filter", arguments, {});
  const Value text = soft_text(runtime, subject);
  return runtime.text(Convert(text.text()), text.markup());
}

Value trim_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  const Value text = soft_text(runtime, subject);
  const std::string_view stripped =
      bound.given(0) ? strip_characters(text.text(), bound.text(0), Side::both) : strip_space(text.text(), Side::both);
  return runtime.text(std::string(stripped), text.markup());
}

/// Words begin after whitespace and after - ( { [ <.
std::string title_words(std::string_view text) {
  std::string out;
  const auto separates = [&](size_t at) {
    const int32_t c = decode_at(text, at);
    return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
  };
  for (size_t at = 0; at < text.size();) {
    size_t end = next_code_point(text, at);
    out += upper(text.substr(at, end - at));
    const bool separator = separates(at);
    const size_t rest = end;
    while (end < text.size() && separates(end) == separator) end = next_code_point(text, end);
    out += lower(text.substr(rest, end - rest));
    at = end;
  }
  return out;
}

Value replace_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const int64_t limit = bound.given(2) ? bound.integer_or(2, -1) : -1;
  return runtime.text(replace_text(runtime, to_text(runtime, subject), to_text(runtime, bound.at(0)),
                                   to_text(runtime, bound.at(1)), limit));
}

Value string_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("string", arguments, {});
  return soft_text(runtime, subject);
}

Value safe_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("safe", arguments, {});
  return runtime.text(to_text(runtime, subject), true);
}

Value escape_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("escape", arguments, {});
  if (subject.is(Kind::text) && subject.markup()) return subject;
  return runtime.text(escape_html(to_text(runtime, subject)), true);
}

Value forceescape_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("forceescape", arguments, {});
  return runtime.text(escape_html(to_text(runtime, subject)), true);
}

Value indent_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  TextBuilder indentation(runtime), out(runtime);
  if (bound.has(0) && bound.at(0).is(Kind::text)) {
    indentation += bound.text(0);
  } else {
    indentation.repeat(" ", bound.integer_or(0, 4));
  }
  const bool blank = bound.truth_or(2, false);
  std::string text = text_of(subject, "indent");
  text += '\n';
  bool is_first = true;
  for (const std::string_view line : split_lines(text, false)) {
    if (!is_first) out += '\n';
    const bool indented = is_first ? bound.truth_or(1, false) : blank || !line.empty();
    if (indented) out += indentation.bytes();
    out += line;
    is_first = false;
  }
  return runtime.text(out.take(), subject.markup());
}

Value truncate_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  constexpr int64_t kLength = 255, kLeeway = 5;
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const std::string end = bound.has(2) ? bound.text(2) : "...";
  const int64_t length = bound.integer_or(0, kLength);
  const int64_t leeway = bound.given(3) ? bound.integer_or(3, kLeeway) : kLeeway;
  const std::string& text = text_of(subject, "truncate");
  const int64_t end_length = count_code_points(end);
  if (length < end_length) fault("expected length >= {}, got {}", end_length, length);
  if (leeway < 0) fault("expected leeway >= 0, got {}", leeway);
  const int64_t text_length = count_code_points(text);
  if (text_length - leeway <= length) return subject;
  size_t cut = 0;
  for (int64_t i = 0; i < length - end_length; ++i) cut = next_code_point(text, cut);
  std::string kept = text.substr(0, cut);
  if (!bound.truth_or(1, false)) kept = std::string(split_text(kept, " ", 1, true).front());
  return runtime.text(kept + end);
}

Value center_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  constexpr int64_t kWidth = 80;
  const Bound bound("center", arguments, {"width"});
  Arguments width;
  width.positional.push_back(bound.value_or(0, Value(kWidth)));
  return call(runtime, *text_method(runtime, soft_text(runtime, subject), "center"), width);
}

Value wordcount_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("wordcount", arguments, {});
  const std::string text = to_text(runtime, subject);
  int64_t words = 0;
  bool in_word = false;
  for (size_t at = 0; at < text.size(); at = next_code_point(text, at)) {
    const bool word = is_word(decode_at(text, at));
    words += word && !in_word;
    in_word = word;
  }
  return Value(words);
}

Value format_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.keywords.empty())
    fault("can't handle positional and keyword arguments at the same time");
  if (arguments.keywords.empty())
    return format_percent(runtime, soft_text(runtime, subject), runtime.tuple(arguments.positional));
  std::vector<DictObject::Entry> entries;
  for (const auto& [name, value] : arguments.keywords) entries.push_back({runtime.text(name), value});
  return format_percent(runtime, soft_text(runtime, subject), runtime.dict(std::move(entries)));
}

Value tojson_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.truth_or(0, false);
  style.sort_keys = bound.truth_or(3, false);
  if (bound.given(1)) {
    style.item_separator.assign(1, ',');
    if (bound.at(1).is(Kind::text)) {
      style.indent = bound.text(1);
    } else {
      TextBuilder spaces(runtime);
      spaces.repeat(" ", bound.integer_or(1, 0));
      style.indent = spaces.take();
    }
  }
  if (bound.given(2)) {
    const ValueList separators = collect(runtime, bound.at(2));
    if (separators.size() != 2) fault("tojson: separators must be a pair of strings");
    style.item_separator = text_of(separators[0], "tojson separators");
    style.key_separator = text_of(separators[1], "tojson separators");
  }
  return runtime.text(to_json(runtime, subject, style));
}

constexpr NamedFilter kTextFilters[] = {
    {"capitalize", convert_filter<capitalize>},
    {"center", center_filter},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"forceescape", forceescape_filter},
    {"format", format_filter},
    {"indent", indent_filter},
    {"lower", convert_filter<lower>},
    {"replace", replace_filter},
    {"safe", safe_filter},
    {"string", string_filter},
    {"title", convert_filter<title_words>},
    {"tojson", tojson_filter},
    {"trim", trim_filter},
    {"truncate", truncate_filter},
    {"upper", convert_filter<upper>},
    {"wordcount", wordcount_filter},
};

}  // namespace

std::span<const NamedFilter> text_filters() {
  return kTextFilters;
}

}  // namespace temper::text::jinja
