#include "text/jinja/value.h"

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace temper::text::jinja {

Value Value::undefined(std::string message) {
  Value value;
  value.data_ = std::make_shared<const UndefinedObject>(UndefinedObject{std::move(message)});
  return value;
}

int Value::depth() const {
  switch (kind()) {
    case Kind::sequence:
      return sequence().depth;
    case Kind::mapping:
      return mapping().depth();
    case Kind::object:
      return object().depth();
    default:
      return 0;
  }
}

DictObject::DictObject(Runtime& runtime, std::vector<Entry> entries) {
  entries_.reserve(entries.size());
  for (Entry& entry : entries) {
    const size_t hash = hash_value(runtime, entry.key);
    if (const auto at = position(runtime, entry.key, hash)) {
      entries_[*at].value = std::move(entry.value);
    } else {
      index_.emplace(hash, entries_.size());
      entries_.push_back(std::move(entry));
    }
  }
  for (const Entry& entry : entries_)
    depth_ = std::max({depth_, runtime.depth_above(entry.key), runtime.depth_above(entry.value)});
}

std::optional<size_t> DictObject::position(Runtime& runtime, const Value& key, size_t hash) const {
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (equals(runtime, entries_[it->second].key, key)) return it->second;
  }
  return std::nullopt;
}

const Value* DictObject::find(Runtime& runtime, const Value& key) const {
  const auto at = position(runtime, key, hash_value(runtime, key));
  return at ? &entries_[*at].value : nullptr;
}

const Value* DictObject::find(std::string_view key) const {
  const auto [begin, end] = index_.equal_range(std::hash<std::string_view>{}(key));
  for (auto it = begin; it != end; ++it) {
    const Entry& entry = entries_[it->second];
    if (entry.key.is(Kind::text) && entry.key.text() == key) return &entry.value;
  }
  return nullptr;
}

std::optional<Value> Object::attribute(Runtime&, std::string_view) {
  return std::nullopt;
}

Value Object::call(Runtime&, Arguments&) {
  fault("'{}' object is not callable", type_name());
}

std::optional<Value> Object::next(Runtime&) {
  fault("'{}' object is not iterable", type_name());
}

std::optional<Value> Namespace::attribute(Runtime& runtime, std::string_view name) {
  runtime.step(static_cast<int64_t>(attributes_.size() / 16));
  for (const auto& [key, value] : attributes_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

void Namespace::set(Runtime& runtime, std::string_view name, Value value) {
  if (name.starts_with('_'))
    fault("chat templates can't store the underscore-prefixed attribute '{}' on a namespace", name);
  runtime.step(static_cast<int64_t>(attributes_.size() / 16));
  runtime.depth_above(value);  // a namespace may hold what a list may
  for (auto& [key, old] : attributes_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  runtime.use_bytes(sizeof(Value) + name.size());
  attributes_.emplace_back(name, std::move(value));
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::none:
      return "NoneType";
    case Kind::undefined:
      return "Undefined";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::real:
      return "float";
    case Kind::text:
      return value.markup() ? "Markup" : "str";
    case Kind::mapping:
      return "dict";
    case Kind::object:
      return value.object().type_name();
    case Kind::sequence:
      break;
  }
  switch (value.sequence().kind) {
    case SequenceKind::list:
      return "list";
    case SequenceKind::tuple:
      return "tuple";
    case SequenceKind::range:
      return "range";
    case SequenceKind::keys_view:
      return "dict_keys";
    case SequenceKind::values_view:
      return "dict_values";
    case SequenceKind::items_view:
      return "dict_items";
  }
  return "list";
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::text:
    case Kind::sequence:
    case Kind::mapping:
      return true;
    case Kind::object:
      return value.object().iterable();
    default:
      return false;
  }
}

Iterator::Iterator(Runtime& runtime, Value source) : runtime_(runtime), source_(std::move(source)) {
  if (!is_iterable(source_)) fault("'{}' object is not iterable", type_name(source_));
}

std::optional<Value> Iterator::next() {
  runtime_.step();
  switch (source_.kind()) {
    case Kind::text: {
      const std::string& bytes = source_.text();
      if (position_ >= bytes.size()) return std::nullopt;
      const size_t begin = position_;
      position_ = next_code_point(bytes, begin);
      return runtime_.text(bytes.substr(begin, position_ - begin), source_.markup());
    }
    case Kind::sequence:
      if (position_ >= source_.items().size()) return std::nullopt;
      return source_.items()[position_++];
    case Kind::mapping:
      if (position_ >= source_.mapping().entries().size()) return std::nullopt;
      return source_.mapping().entries()[position_++].key;
    case Kind::object: {
      const Runtime::Nested nested(runtime_);
      return source_.object().next(runtime_);
    }
    default:
      return std::nullopt;  // undefined: empty
  }
}

std::optional<int64_t> Iterator::length() const {
  return length_of(source_);
}

}  // namespace temper::text::jinja
