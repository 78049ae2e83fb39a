#include "text/jinja/text_format.h"

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace temper::text::jinja {
namespace {

/// Reads a number off the front of `text`; nothing when there is none.
std::optional<int64_t> take_number(std::string_view& text) {
  size_t digits = 0;
  int64_t number = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits > 8) fault("Too many decimal digits in format string");
    number = number * 10 + (text[digits] - '0');
  }
  text.remove_prefix(digits);
  return digits > 0 ? std::optional(number) : std::nullopt;
}

/// The values a %-format takes, one after the other or by name.
class PercentArguments {
 public:
  explicit PercentArguments(const Value& arguments) : arguments_(arguments) {}

  Value next() {
    if (!arguments_.is_sequence(SequenceKind::tuple)) {
      if (used_++ > 0) fault("not enough arguments for format string");
      return arguments_;
    }
    if (used_ >= arguments_.items().size()) fault("not enough arguments for format string");
    return arguments_.items()[used_++];
  }

  Value named(std::string_view name) {
    if (!arguments_.is(Kind::mapping)) fault("format requires a mapping");
    by_name_ = true;
    const Value* found = arguments_.mapping().find(name);
    if (found == nullptr) fault("the format's key {} is missing", quote(name));
    return *found;
  }

  void check_all_used() const {
    if (by_name_ || arguments_.is(Kind::mapping)) return;
    const size_t count = arguments_.is_sequence(SequenceKind::tuple) ? arguments_.items().size() : 1;
    if (used_ < count && !arguments_.is_sequence(SequenceKind::list))
      fault("not all arguments converted during string formatting");
  }

 private:
  const Value& arguments_;
  size_t used_ = 0;
  bool by_name_ = false;
};

FormatSpec take_percent_spec(std::string_view& rest) {
  FormatSpec spec;
  spec.align = '>';
  bool zero = false;
  for (; !rest.empty(); rest.remove_prefix(1)) {
    const char flag = rest[0];
    if (flag == '-') {
      spec.align = '<';
    } else if (flag == '0') {
      zero = true;
    } else if (flag == '+' || (flag == ' ' && spec.sign != '+')) {
      spec.sign = flag;
    } else if (flag == '#') {
      spec.alternate = true;
    } else if (flag != ' ') {
      break;
    }
  }
  if (rest.starts_with('*')) unsupported("the width '*' in a % format");
  spec.width = take_number(rest).value_or(0);
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    spec.precision = static_cast<int>(take_number(rest).value_or(0));
  }
  if (zero && spec.align != '<') {
    spec.fill.assign(1, '0');
    spec.align = '=';
  }
  if (!rest.empty() && (rest[0] == 'l' || rest[0] == 'h' || rest[0] == 'L')) rest.remove_prefix(1);
  if (rest.empty()) fault("incomplete format");
  spec.type = rest[0];
  rest.remove_prefix(1);
  return spec;
}

std::string convert_percent(Runtime& runtime, Value value, FormatSpec spec, bool escape) {
  switch (spec.type) {
    case 's':
    case 'r': {
      const bool is_markup = value.is(Kind::text) && value.markup();
      std::string text = spec.type == 's' ? to_text(runtime, value) : repr(runtime, value);
      if (escape && !is_markup) text = escape_html(text);
      value = runtime.text(std::move(text));
      spec.type = 's';
      if (spec.align == '=') {
        spec.align = '>';
        spec.fill.assign(1, ' ');
      }
      break;
    }
    case 'd':
    case 'i':
    case 'u':
      if (value.is(Kind::real)) {
        if (!(std::abs(value.real()) < 9.2e18)) unsupported("integers beyond 64 bits");
        value = Value(static_cast<int64_t>(value.real()));
      }
      [[fallthrough]];
    case 'x':
    case 'X':
    case 'o':
    case 'c':
      if (spec.type == 'c' && value.is(Kind::text)) {
        if (count_code_points(value.text()) != 1) fault("%c requires int or char");
        spec.type = 's';
        break;
      }
      if (value.is(Kind::undefined)) use_of_undefined(value);
      if (!value.is(Kind::integer) && !value.is(Kind::boolean))
        fault("%{} format: a number is required, not {}", spec.type, type_name(value));
      break;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      value = Value(real_of(value, "% format"));
      break;
    default:
      unsupported("the conversion '%{}'", spec.type);
  }
  return format_value(runtime, value, spec);
}

FormatSpec parse_brace_spec(std::string_view text) {
  const std::string_view whole = text;
  FormatSpec spec;
  if (text.empty()) return spec;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '=' || c == '^'; };
  const size_t after_fill = next_code_point(text, 0);
  if (after_fill < text.size() && is_align(text[after_fill])) {
    spec.fill = std::string(text.substr(0, after_fill));
    spec.align = text[after_fill];
    text.remove_prefix(after_fill + 1);
  } else if (is_align(text[0])) {
    spec.align = text[0];
    text.remove_prefix(1);
  }
  const auto take = [&](std::string_view set) {
    if (text.empty() || set.find(text[0]) == std::string_view::npos) return char{0};
    const char taken = text[0];
    text.remove_prefix(1);
    return taken;
  };
  if (const char sign = take("+- ")) spec.sign = sign;
  spec.alternate = take("#") != 0;
  if (take("0") != 0 && spec.align == 0) {
    spec.fill.assign(1, '0');
    spec.align = '=';
  }
  spec.width = take_number(text).value_or(0);
  spec.grouping = take(",_");
  if (take(".") != 0) {
    const auto precision = take_number(text);
    if (!precision) fault("Format specifier missing precision");
    spec.precision = static_cast<int>(*precision);
  }
  spec.type = take("sdfFeEgGxXobc%");
  if (!text.empty()) fault("Invalid format specifier '{}'", whole);
  if (spec.grouping != 0 && spec.align == '=') unsupported("grouping and zero padding in one format");
  return spec;
}

/// The value of a field's name, e.g. "0", "user.name", "items[2]".
Value field_value(Runtime& runtime, std::string_view name, const Arguments& arguments, size_t& automatic) {
  const size_t end = std::min(name.find_first_of(".["), name.size());
  std::string_view first = name.substr(0, end), rest = name.substr(end);
  Value value;
  std::optional<int64_t> position = first.empty() ? static_cast<int64_t>(automatic++) : take_number(first);
  if (position && first.empty()) {
    if (static_cast<size_t>(*position) >= arguments.positional.size())
      fault("Replacement index {} out of range for positional args tuple", *position);
    value = arguments.positional[static_cast<size_t>(*position)];
  } else {
    const auto& keywords = arguments.keywords;
    const auto found = std::find_if(keywords.begin(), keywords.end(), [&](const auto& k) { return k.first == first; });
    if (found == keywords.end()) fault("format: the field {} is missing", quote(first));
    value = found->second;
  }
  while (!rest.empty()) {
    if (rest[0] == '.') {
      const size_t stop = std::min(rest.find_first_of(".[", 1), rest.size());
      value = get_attribute(runtime, value, rest.substr(1, stop - 1));
      rest.remove_prefix(stop);
      continue;
    }
    const size_t stop = rest.find(']');
    if (stop == std::string_view::npos) fault("Missing ']' in format string");
    std::string_view key = rest.substr(1, stop - 1), digits = key;
    const auto index = take_number(digits);
    value = get_item(runtime, value, index && digits.empty() ? Value(*index) : runtime.text(std::string(key)));
    rest.remove_prefix(stop + 1);
  }
  return value;
}

}  // namespace

Value format_percent(Runtime& runtime, const Value& format, const Value& arguments) {
  PercentArguments values(arguments);
  TextBuilder out(runtime);
  std::string_view rest = format.text();
  while (!rest.empty()) {
    const size_t mark = std::min(rest.find('%'), rest.size());
    out += rest.substr(0, mark);
    rest.remove_prefix(mark);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    std::optional<std::string_view> name;
    if (rest.starts_with('(')) {
      const size_t close = rest.find(')');
      if (close == std::string_view::npos) fault("incomplete format key");
      name = rest.substr(1, close - 1);
      rest.remove_prefix(close + 1);
    }
    const FormatSpec spec = take_percent_spec(rest);
    if (spec.type == '%') {
      out += '%';
      continue;
    }
    const Value value = name ? values.named(*name) : values.next();
    out += convert_percent(runtime, value, spec, format.markup());
  }
  values.check_all_used();
  return runtime.text(out.take(), format.markup());
}

Value format_braces(Runtime& runtime, const Value& format, const Arguments& arguments) {
  TextBuilder out(runtime);
  size_t automatic = 0;
  std::string_view rest = format.text();
  while (!rest.empty()) {
    const size_t brace = std::min(rest.find_first_of("{}"), rest.size());
    out += rest.substr(0, brace);
    rest.remove_prefix(brace);
    if (rest.empty()) break;
    if (rest.size() > 1 && rest[1] == rest[0]) {
      out += rest[0];
      rest.remove_prefix(2);
      continue;
    }
    if (rest[0] == '}') fault("Single '}}' encountered in format string");
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) fault("Single '{{' encountered in format string");
    const std::string_view field = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (field.find('{') != std::string_view::npos) unsupported("a field inside a format specification");
    const size_t colon = std::min(field.find(':'), field.size());
    std::string_view name = field.substr(0, colon);
    const std::string_view specification = colon < field.size() ? field.substr(colon + 1) : std::string_view();
    char conversion = 0;
    if (const size_t mark = name.find('!'); mark != std::string_view::npos) {
      if (mark + 2 != name.size()) fault("expected ':' after conversion specifier");
      conversion = name[mark + 1];
      name = name.substr(0, mark);
    }
    Value value = field_value(runtime, name, arguments, automatic);
    if (conversion == 'r') {
      value = runtime.text(repr(runtime, value));
    } else if (conversion == 's') {
      value = soft_text(runtime, value);
    } else if (conversion != 0) {
      unsupported("the conversion '!{}'", conversion);
    }
    const bool escape = format.markup() && !(value.is(Kind::text) && value.markup());
    const std::string text = format_value(runtime, value, parse_brace_spec(specification));
    out += escape ? escape_html(text) : text;
  }
  return runtime.text(out.take(), format.markup());
}

}  // namespace temper::text::jinja
