#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// The values templates compute with: Python's, as far as templates can tell. Lists and dicts never change once made
// (the sandbox of Transformers forbids append and the like), so values share them freely and can't form cycles; only
// namespaces and loops change, and those are kept by the Runtime.
namespace temper::text::jinja {

class Object;
class DictObject;
class Runtime;
class Value;
using ValueList = std::vector<Value>;

/// A str; `markup` marks the result of |safe and |escape, which escapes what is added to it.
struct TextObject {
  std::string bytes;
  bool markup = false;
};

/// Why a name or attribute is missing; the message is shown when somebody uses it.
struct UndefinedObject {
  std::string message;
};

/// Python's list and everything that behaves like an immutable one.
enum class SequenceKind : uint8_t { list, tuple, range, keys_view, values_view, items_view };
struct SequenceObject {
  ValueList items;
  SequenceKind kind = SequenceKind::list;
  int depth = 1;  // levels of nesting; bounded, so that recursion over values is
};

enum class Kind : uint8_t { none, undefined, boolean, integer, real, text, sequence, mapping, object };

class Value {
 public:
  Value() = default;  ///< None
  explicit Value(bool value) : data_(value) {}
  explicit Value(int64_t value) : data_(value) {}
  explicit Value(double value) : data_(value) {}
  explicit Value(std::shared_ptr<const TextObject> value) : data_(std::move(value)) {}
  explicit Value(std::shared_ptr<const SequenceObject> value) : data_(std::move(value)) {}
  explicit Value(std::shared_ptr<const DictObject> value) : data_(std::move(value)) {}
  explicit Value(std::shared_ptr<Object> value) : data_(std::move(value)) {}
  static Value undefined(std::string message);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_sequence(SequenceKind kind) const { return is(Kind::sequence) && sequence().kind == kind; }

  // Each requires the matching kind().
  const std::string& undefined_message() const { return std::get<UndefinedPtr>(data_)->message; }
  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const { return std::get<int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& text() const { return std::get<TextPtr>(data_)->bytes; }
  bool markup() const { return std::get<TextPtr>(data_)->markup; }
  const SequenceObject& sequence() const { return *std::get<SequencePtr>(data_); }
  const ValueList& items() const { return sequence().items; }
  const DictObject& mapping() const { return *std::get<DictPtr>(data_); }
  Object& object() const { return *std::get<ObjectPtr>(data_); }
  const std::shared_ptr<Object>& object_ptr() const { return std::get<ObjectPtr>(data_); }

  int depth() const;  ///< levels of containers inside; 0 for scalars

 private:
  using UndefinedPtr = std::shared_ptr<const UndefinedObject>;
  using TextPtr = std::shared_ptr<const TextObject>;
  using SequencePtr = std::shared_ptr<const SequenceObject>;
  using DictPtr = std::shared_ptr<const DictObject>;
  using ObjectPtr = std::shared_ptr<Object>;
  std::variant<std::monostate, UndefinedPtr, bool, int64_t, double, TextPtr, SequencePtr, DictPtr, ObjectPtr> data_;
};

/// Python's dict: any hashable key, in order of insertion. A later duplicate replaces the value, not the position.
class DictObject {
 public:
  struct Entry {
    Value key, value;
  };
  DictObject(Runtime& runtime, std::vector<Entry> entries);

  const std::vector<Entry>& entries() const { return entries_; }
  const Value* find(std::string_view key) const;
  /// Throws Fault for a key that Python can't hash.
  const Value* find(Runtime& runtime, const Value& key) const;
  int depth() const { return depth_; }

 private:
  std::optional<size_t> position(Runtime& runtime, const Value& key, size_t hash) const;

  std::vector<Entry> entries_;
  std::unordered_multimap<size_t, size_t> index_;  // hash of the key -> entry
  int depth_ = 1;
};

/// The arguments of a call, evaluated.
struct Arguments {
  ValueList positional;
  std::vector<std::pair<std::string, Value>> keywords;
};

/// What isn't plain data: functions, macros, namespaces, loops, generators.
class Object {
 public:
  explicit Object(int depth = 1) : depth_(depth) {}
  virtual ~Object() = default;
  virtual std::string_view type_name() const = 0;
  virtual std::optional<Value> attribute(Runtime& runtime, std::string_view name);
  virtual bool callable() const { return false; }
  virtual Value call(Runtime& runtime, Arguments& arguments);
  virtual bool iterable() const { return false; }
  /// The next element of an iterable object, or nothing at its end.
  virtual std::optional<Value> next(Runtime& runtime);
  /// Drops what the object refers to; ends cycles through namespaces when a rendering is over.
  virtual void clear() {}
  int depth() const { return depth_; }

 private:
  int depth_;
};

/// range, namespace, methods bound to their value ...
class Function final : public Object {
 public:
  using Body = std::function<Value(Runtime&, Arguments&)>;
  Function(std::string name, Body body, int depth = 1)
      : Object(depth), name_(std::move(name)), body_(std::move(body)) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override { return body_(runtime, arguments); }

 private:
  std::string name_;
  Body body_;
};

/// What map, select and their like return: computed on demand, consumed once, always true, without a length.
class Generator final : public Object {
 public:
  using Next = std::function<std::optional<Value>(Runtime&)>;
  Generator(Next next, int depth) : Object(depth), next_(std::move(next)) {}
  std::string_view type_name() const override { return "generator"; }
  bool iterable() const override { return true; }
  std::optional<Value> next(Runtime& runtime) override { return next_(runtime); }

 private:
  Next next_;
};

/// namespace(): the one object whose attributes a template may set.
class Namespace final : public Object {
 public:
  std::string_view type_name() const override { return "Namespace"; }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override;
  void set(Runtime& runtime, std::string_view name, Value value);
  void clear() override { attributes_.clear(); }
  const std::vector<std::pair<std::string, Value>>& attributes() const { return attributes_; }

 private:
  std::vector<std::pair<std::string, Value>> attributes_;
};

/// The name of the value's type in Python, e.g. "str".
std::string_view type_name(const Value& value);

/// Walks over anything iterable; a str gives its code points, a dict its keys.
class Iterator {
 public:
  /// Throws Fault "'int' object is not iterable".
  Iterator(Runtime& runtime, Value source);
  std::optional<Value> next();
  /// The number of elements, where Python's len() knows it.
  std::optional<int64_t> length() const;

 private:
  Runtime& runtime_;
  Value source_;
  size_t position_ = 0;
};

bool is_iterable(const Value& value);

}  // namespace temper::text::jinja
