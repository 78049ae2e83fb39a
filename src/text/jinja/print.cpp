// str(), repr() and json.dumps().
#include <algorithm>
#include <cmath>

#include "text/jinja/merge_sort.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace temper::text::jinja {
namespace {

std::string scalar_text(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean:
      return value.boolean() ? "True" : "False";
    case Kind::integer:
      return fmt::to_string(value.integer());
    case Kind::real:
      return format_real(value.real());
    default:
      return "None";
  }
}

void append_items(Runtime& runtime, TextBuilder& out, const ValueList& items) {
  bool first = true;
  for (const Value& item : items) {
    if (!first) out += ", ";
    first = false;
    append_repr(runtime, out, item);
  }
}

void append_sequence(Runtime& runtime, TextBuilder& out, const Value& value) {
  const ValueList& items = value.items();
  switch (value.sequence().kind) {
    case SequenceKind::tuple:
      out += '(';
      append_items(runtime, out, items);
      out += items.size() == 1 ? ",)" : ")";
      return;
    case SequenceKind::range:
      unsupported("printing a range");
    case SequenceKind::list:
      out += '[';
      append_items(runtime, out, items);
      out += ']';
      return;
    default:
      out += type_name(value);
      out += "([";
      append_items(runtime, out, items);
      out += "])";
  }
}

void append_object(Runtime& runtime, TextBuilder& out, const Value& value) {
  const auto* space = dynamic_cast<const Namespace*>(&value.object());
  if (space == nullptr) unsupported("printing a {}", type_name(value));
  out += "<Namespace {";
  bool first = true;
  for (const auto& [name, attribute] : space->attributes()) {
    if (!first) out += ", ";
    first = false;
    out += quote(name);
    out += ": ";
    append_repr(runtime, out, attribute);
  }
  out += "}>";
}

void append_json_text(TextBuilder& out, std::string_view text, bool ensure_ascii) {
  std::string quoted = "\"";
  const auto escape = [&](int32_t unit) { quoted += fmt::format("\\u{:04x}", unit); };
  for (size_t at = 0; at < text.size();) {
    const size_t after = next_code_point(text, at);
    const int32_t c = decode_at(text, at);
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\f':
        quoted += "\\f";
        break;
      case '\b':
        quoted += "\\b";
        break;
      default:
        if (c < 0x20) {
          escape(c);
        } else if (ensure_ascii && c >= 0x10000) {
          escape(0xD800 + ((c - 0x10000) >> 10));
          escape(0xDC00 + ((c - 0x10000) & 0x3FF));
        } else if (ensure_ascii && c >= 0x7F + 1) {
          escape(c);
        } else {
          quoted += text.substr(at, after - at);
        }
    }
    at = after;
  }
  quoted += '"';
  out += quoted;
}

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style) : runtime_(runtime), style_(style), out_(runtime) {}

  void write(const Value& value, int level) {
    runtime_.step();
    switch (value.kind()) {
      case Kind::text:
        return append_json_text(out_, value.text(), style_.ensure_ascii);
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::real:
        out_ += scalar(value);
        return;
      case Kind::mapping:
        return write_mapping(value.mapping(), level);
      case Kind::sequence:
        if (value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple))
          return write_list(value.items(), level);
        break;
      default:
        break;
    }
    fault("tojson: Object of type {} is not JSON serializable", type_name(value));
  }

  std::string take() { return out_.take(); }

 private:
  static std::string scalar(const Value& value) {
    if (value.is(Kind::none)) return "null";
    if (value.is(Kind::boolean)) return value.boolean() ? "true" : "false";
    if (value.is(Kind::integer)) return fmt::to_string(value.integer());
    if (std::isnan(value.real())) return "NaN";
    if (std::isinf(value.real())) return value.real() > 0 ? "Infinity" : "-Infinity";
    return format_real(value.real());
  }

  void new_line(int level) {
    if (!style_.indent) return;
    out_ += '\n';
    out_.repeat(*style_.indent, level);
  }

  void write_list(const ValueList& items, int level) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(level + 1);
      write(items[i], level + 1);
    }
    new_line(level);
    out_ += ']';
  }

  void write_key(const Value& key) {
    if (key.is(Kind::text)) return append_json_text(out_, key.text(), style_.ensure_ascii);
    const bool scalar_key = key.is(Kind::none) || key.is(Kind::boolean) || key.is(Kind::integer) || key.is(Kind::real);
    if (!scalar_key) fault("tojson: keys must be str, int, float, bool or None, not {}", type_name(key));
    append_json_text(out_, scalar(key), style_.ensure_ascii);
  }

  void write_mapping(const DictObject& dict, int level) {
    std::vector<const DictObject::Entry*> entries;
    for (const auto& entry : dict.entries()) entries.push_back(&entry);
    if (entries.empty()) {
      out_ += "{}";
      return;
    }
    if (style_.sort_keys) {
      merge_sort(entries, [&](const DictObject::Entry* a, const DictObject::Entry* b) {
        return less(runtime_, a->key, b->key);
      });
    }
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(level + 1);
      write_key(entries[i]->key);
      out_ += style_.key_separator;
      write(entries[i]->value, level + 1);
    }
    new_line(level);
    out_ += '}';
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  TextBuilder out_;
};

Value from_json_at(Runtime& runtime, const OrderedJson& json, int depth) {
  runtime.step();
  if (depth > Runtime::kMaxValueDepth) fault("values nested deeper than {} levels", Runtime::kMaxValueDepth);
  switch (json.type()) {
    case OrderedJson::value_t::boolean:
      return Value(json.get<bool>());
    case OrderedJson::value_t::number_integer:
      return Value(json.get<int64_t>());
    case OrderedJson::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) unsupported("integers beyond 64 bits");
      return Value(json.get<int64_t>());
    case OrderedJson::value_t::number_float:
      return Value(json.get<double>());
    case OrderedJson::value_t::string:
      return runtime.text(json.get_ref<const std::string&>());
    case OrderedJson::value_t::array: {
      ValueList items;
      items.reserve(json.size());
      for (const OrderedJson& item : json) items.push_back(from_json_at(runtime, item, depth + 1));
      return runtime.list(std::move(items));
    }
    case OrderedJson::value_t::object: {
      std::vector<DictObject::Entry> entries;
      entries.reserve(json.size());
      for (const auto& [key, item] : json.items())
        entries.push_back({runtime.text(key), from_json_at(runtime, item, depth + 1)});
      return runtime.dict(std::move(entries));
    }
    default:
      return Value();
  }
}

}  // namespace

void append_repr(Runtime& runtime, TextBuilder& out, const Value& value) {
  runtime.step();
  const Runtime::Nested nested(runtime);
  switch (value.kind()) {
    case Kind::text:
      out += value.markup() ? fmt::format("Markup({})", quote(value.text())) : quote(value.text());
      return;
    case Kind::undefined:
      out += "Undefined";
      return;
    case Kind::sequence:
      return append_sequence(runtime, out, value);
    case Kind::mapping: {
      out += '{';
      bool first = true;
      for (const auto& [key, item] : value.mapping().entries()) {
        if (!first) out += ", ";
        first = false;
        append_repr(runtime, out, key);
        out += ": ";
        append_repr(runtime, out, item);
      }
      out += '}';
      return;
    }
    case Kind::object:
      return append_object(runtime, out, value);
    default:
      out += scalar_text(value);
  }
}

std::string repr(Runtime& runtime, const Value& value) {
  TextBuilder out(runtime);
  append_repr(runtime, out, value);
  return out.take();
}

std::string to_text(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::text:
      runtime.use_bytes(value.text().size());
      return value.text();
    case Kind::undefined:
      return {};
    default:
      return repr(runtime, value);
  }
}

Value soft_text(Runtime& runtime, const Value& value) {
  return value.is(Kind::text) ? value : runtime.text(to_text(runtime, value));
}

std::string to_json(Runtime& runtime, const Value& value, const JsonStyle& style) {
  JsonWriter writer(runtime, style);
  writer.write(value, 0);
  return writer.take();
}

Value from_json(Runtime& runtime, const OrderedJson& json) {
  return from_json_at(runtime, json, 1);
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace temper::text::jinja
