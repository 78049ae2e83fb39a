#pragma once

#include <initializer_list>

#include "text/jinja/runtime.h"

// The methods of Python's str, list, tuple, dict and float that templates may call.
namespace temper::text::jinja {

/// The method bound to `self`, or nothing when the type has no such method. Methods of Python that temper lacks are
/// returned too, and throw Fault{unsupported} when called; those that would change a list or dict are undefined, as in
/// Jinja's sandbox.
std::optional<Value> text_method(Runtime& runtime, const Value& self, std::string_view name);
std::optional<Value> sequence_method(Runtime& runtime, const Value& self, std::string_view name);
std::optional<Value> mapping_method(Runtime& runtime, const Value& self, std::string_view name);
std::optional<Value> real_method(Runtime& runtime, const Value& self, std::string_view name);

/// dict(...): from a mapping or pairs, then keywords.
Value make_dict(Runtime& runtime, Arguments& arguments);

/// The arguments of a call in the order of the parameters' names; a parameter named "" takes no keyword.
class Bound {
 public:
  /// Throws Fault for too many, unknown, doubled or, among the first `required`, missing arguments.
  Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
        size_t required = 0);

  bool has(size_t i) const { return slots_[i] != nullptr; }
  /// Given and not None.
  bool given(size_t i) const { return has(i) && !slots_[i]->is(Kind::none); }
  const Value& at(size_t i) const { return *slots_[i]; }
  Value value_or(size_t i, const Value& fallback) const { return has(i) ? *slots_[i] : fallback; }
  int64_t integer_or(size_t i, int64_t fallback) const;
  bool truth_or(size_t i, bool fallback) const;
  const std::string& text(size_t i) const;

 private:
  std::string_view function_;
  std::vector<const Value*> slots_;
};

}  // namespace temper::text::jinja
