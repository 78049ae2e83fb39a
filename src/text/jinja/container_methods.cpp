#include <algorithm>
#include <cmath>
#include <span>

#include "text/jinja/methods.h"
#include "text/jinja/operators.h"

namespace temper::text::jinja {
namespace {

constexpr std::string_view kListChanges[] = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr std::string_view kDictChanges[] = {"clear", "pop", "popitem", "setdefault", "update"};

std::optional<Value> forbidden(std::string_view name, const Value& self, std::span<const std::string_view> changes) {
  if (std::find(changes.begin(), changes.end(), name) == changes.end()) return std::nullopt;
  return Value::undefined(
      fmt::format("access to attribute '{}' of '{}' object is unsafe; templates can't change lists and dicts", name,
                  type_name(self)));
}

Value view_of(Runtime& runtime, const DictObject& dict, SequenceKind kind) {
  ValueList items;
  items.reserve(dict.entries().size());
  for (const auto& [key, value] : dict.entries()) {
    if (kind == SequenceKind::keys_view) {
      items.push_back(key);
    } else if (kind == SequenceKind::values_view) {
      items.push_back(value);
    } else {
      items.push_back(runtime.tuple({key, value}));
    }
  }
  return runtime.list(std::move(items), kind);
}

Value index_in(Runtime& runtime, const Value& self, const Bound& bound) {
  const ValueList& items = self.items();
  const auto length = static_cast<int64_t>(items.size());
  const auto wrap = [&](int64_t at) { return std::clamp(at < 0 ? at + length : at, int64_t{0}, length); };
  const int64_t end = wrap(bound.integer_or(2, length));
  for (int64_t i = wrap(bound.integer_or(1, 0)); i < end; ++i) {
    if (equals(runtime, items[static_cast<size_t>(i)], bound.at(0))) return Value(i);
  }
  fault("{} is not in list", repr(runtime, bound.at(0)));
}

Value count_in(Runtime& runtime, const Value& self, const Value& wanted) {
  int64_t count = 0;
  for (const Value& item : self.items()) count += equals(runtime, item, wanted);
  return Value(count);
}

}  // namespace

std::optional<Value> sequence_method(Runtime& runtime, const Value& self, std::string_view name) {
  const SequenceKind kind = self.sequence().kind;
  if (kind == SequenceKind::list) {
    if (auto undefined = forbidden(name, self, kListChanges)) return undefined;
    if (name == "copy") {
      return runtime.method(self, "copy", [self](Runtime&, Arguments& arguments) {
        const Bound bound("copy", arguments, {});
        return self;
      });
    }
  } else if (kind != SequenceKind::tuple && kind != SequenceKind::range) {
    return std::nullopt;
  }
  if (name == "index") {
    return runtime.method(self, "index", [self](Runtime& rt, Arguments& arguments) {
      return index_in(rt, self, Bound("index", arguments, {"", "", ""}, 1));
    });
  }
  if (name == "count") {
    return runtime.method(self, "count", [self](Runtime& rt, Arguments& arguments) {
      return count_in(rt, self, Bound("count", arguments, {""}, 1).at(0));
    });
  }
  return std::nullopt;
}

std::optional<Value> mapping_method(Runtime& runtime, const Value& self, std::string_view name) {
  if (auto undefined = forbidden(name, self, kDictChanges)) return undefined;
  if (name == "get") {
    return runtime.method(self, "get", [self](Runtime& rt, Arguments& arguments) {
      const Bound bound("get", arguments, {"", ""}, 1);
      const Value* found = self.mapping().find(rt, bound.at(0));
      return found != nullptr ? *found : bound.value_or(1, Value());
    });
  }
  if (name == "copy") {
    return runtime.method(self, "copy", [self](Runtime&, Arguments& arguments) {
      const Bound bound("copy", arguments, {});
      return self;
    });
  }
  if (name == "fromkeys") {
    return runtime.method(self, "fromkeys", [](Runtime& rt, Arguments& arguments) {
      const Bound bound("fromkeys", arguments, {"", ""}, 1);
      std::vector<DictObject::Entry> entries;
      for (Value& key : collect(rt, bound.at(0))) entries.push_back({std::move(key), bound.value_or(1, Value())});
      return rt.dict(std::move(entries));
    });
  }
  std::optional<SequenceKind> view;
  if (name == "items") view = SequenceKind::items_view;
  if (name == "keys") view = SequenceKind::keys_view;
  if (name == "values") view = SequenceKind::values_view;
  if (!view) return std::nullopt;
  return runtime.method(self, std::string(name), [self, view = *view](Runtime& rt, Arguments& arguments) {
    const Bound bound("items", arguments, {});
    return view_of(rt, self.mapping(), view);
  });
}

std::optional<Value> real_method(Runtime& runtime, const Value& self, std::string_view name) {
  if (name != "is_integer") return std::nullopt;
  return runtime.method(self, "is_integer", [self](Runtime&, Arguments& arguments) {
    const Bound bound("is_integer", arguments, {});
    return Value(std::isfinite(self.real()) && std::floor(self.real()) == self.real());
  });
}

Value make_dict(Runtime& runtime, Arguments& arguments) {
  if (arguments.positional.size() > 1) fault("dict expected at most 1 argument, got {}", arguments.positional.size());
  std::vector<DictObject::Entry> entries;
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is(Kind::undefined)) {
      // dict(undefined) has no keys() that Python could call.
      use_of_undefined(source);
    } else if (source.is(Kind::mapping)) {
      entries = source.mapping().entries();
    } else {
      Iterator elements(runtime, source);
      while (const auto element = elements.next()) {
        ValueList pair = collect(runtime, *element);
        if (pair.size() != 2) fault("dictionary update sequence element has length {}; 2 is required", pair.size());
        entries.push_back({std::move(pair[0]), std::move(pair[1])});
      }
    }
  }
  for (auto& [name, value] : arguments.keywords) entries.push_back({runtime.text(name), value});
  return runtime.dict(std::move(entries));
}

}  // namespace temper::text::jinja
