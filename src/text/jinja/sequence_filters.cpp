#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_search.h"

namespace temper::text::jinja {
namespace {

Value length_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("length", arguments, {});
  runtime.step();
  const auto length = length_of(subject);
  if (!length) fault("object of type '{}' has no len()", type_name(subject));
  return Value(*length);
}

Value list_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("list", arguments, {});
  return runtime.list(collect(runtime, subject));
}

Value first_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("first", arguments, {});
  return Iterator(runtime, subject).next().value_or(Value::undefined("No first item, sequence was empty."));
}

/// The elements that Python's reversed() gives; nothing for what it refuses.
std::optional<ValueList> backwards(Runtime& runtime, const Value& value) {
  if (value.is(Kind::object) || !is_iterable(value)) return std::nullopt;
  ValueList items = collect(runtime, value);
  std::reverse(items.begin(), items.end());
  return items;
}

Value last_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("last", arguments, {});
  if (subject.is(Kind::sequence) && !subject.items().empty()) return subject.items().back();
  const auto items = backwards(runtime, subject);
  if (!items) fault("'{}' object is not reversible", type_name(subject));
  return items->empty() ? Value::undefined("No last item, sequence was empty.") : items->front();
}

Value generator_over(Runtime& runtime, const Value& list) {
  return runtime.generator(list, [list, at = size_t{0}](Runtime&) mutable -> std::optional<Value> {
    if (at >= list.items().size()) return std::nullopt;
    return list.items()[at++];
  });
}

Value reverse_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("reverse", arguments, {});
  if (subject.is(Kind::text)) return slice(runtime, subject, Value(), Value(), Value(int64_t{-1}));
  if (auto items = backwards(runtime, subject)) return generator_over(runtime, runtime.list(*std::move(items)));
  if (!is_iterable(subject)) fault("argument must be iterable");
  ValueList items = collect(runtime, subject);
  std::reverse(items.begin(), items.end());
  return runtime.list(std::move(items));
}

Value join_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const std::string separator = bound.has(0) ? to_text(runtime, bound.at(0)) : "";
  const AttributePath path(runtime, bound.value_or(1, Value()));
  TextBuilder out(runtime);
  Iterator elements(runtime, subject);
  bool first = true;
  while (auto element = elements.next()) {
    if (!first) out += separator;
    first = false;
    out += to_text(runtime, path.get(runtime, *std::move(element)));
  }
  return runtime.text(out.take());
}

Value items_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("items", arguments, {});
  if (!subject.is(Kind::undefined) && !subject.is(Kind::mapping)) {
    return runtime.generator(
        subject, [](Runtime&) -> std::optional<Value> { fault("Can only get item pairs from a mapping."); });
  }
  return runtime.generator(subject, [subject, at = size_t{0}](Runtime& rt) mutable -> std::optional<Value> {
    if (subject.is(Kind::undefined) || at >= subject.mapping().entries().size()) return std::nullopt;
    const auto& [key, value] = subject.mapping().entries()[at++];
    return rt.tuple({key, value});
  });
}

struct Keyed {
  Value key, item;
};

Value sorted(Runtime& runtime, std::vector<Keyed> keyed, bool reverse) {
  merge_sort(keyed, [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(runtime, b.key, a.key) : less(runtime, a.key, b.key);
  });
  ValueList items;
  items.reserve(keyed.size());
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return runtime.list(std::move(items));
}

Value dictsort_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const bool case_sensitive = bound.truth_or(0, false);
  const std::string by = bound.has(1) ? bound.text(1) : "key";
  if (by != "key" && by != "value") fault("You can only sort by either \"key\" or \"value\"");
  if (subject.is(Kind::undefined)) use_of_undefined(subject);
  if (!subject.is(Kind::mapping)) fault("'{}' object has no attribute 'items'", type_name(subject));
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : subject.mapping().entries()) {
    const Value& sort_key = by == "key" ? key : value;
    keyed.push_back({case_sensitive ? sort_key : fold_case(runtime, sort_key), runtime.tuple({key, value})});
  }
  return sorted(runtime, std::move(keyed), bound.integer_or(2, 0) != 0);
}

Value sort_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = bound.truth_or(1, false);
  const Value attribute = bound.value_or(2, Value());
  std::vector<AttributePath> paths;
  if (attribute.is(Kind::text)) {
    for (const std::string_view part : split_text(attribute.text(), ",", -1, false))
      paths.emplace_back(runtime, runtime.text(std::string(part)));
  } else {
    paths.emplace_back(runtime, attribute);
  }
  std::vector<Keyed> keyed;
  for (Value& item : collect(runtime, subject)) {
    ValueList keys;
    for (const AttributePath& path : paths) {
      const Value key = path.get(runtime, item);
      keys.push_back(case_sensitive ? key : fold_case(runtime, key));
    }
    keyed.push_back({runtime.list(std::move(keys)), std::move(item)});
  }
  return sorted(runtime, std::move(keyed), bound.integer_or(0, 0) != 0);
}

Value unique_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  struct State {
    Iterator elements;
    AttributePath path;
    bool case_sensitive;
    std::unordered_multimap<size_t, Value> seen;
  };
  auto state = std::make_shared<State>(State{
      Iterator(runtime, subject), AttributePath(runtime, bound.value_or(1, Value())), bound.truth_or(0, false), {}});
  const Value kept = runtime.tuple({subject, bound.value_or(1, Value())});
  return runtime.generator(kept, [state](Runtime& rt) -> std::optional<Value> {
    while (auto element = state->elements.next()) {
      Value key = state->path.get(rt, *element);
      if (!state->case_sensitive) key = fold_case(rt, key);
      const size_t hash = hash_value(rt, key);
      const auto [begin, end] = state->seen.equal_range(hash);
      if (std::any_of(begin, end, [&](const auto& entry) { return equals(rt, entry.second, key); })) continue;
      rt.use_bytes(sizeof(Keyed));
      state->seen.emplace(hash, std::move(key));
      return element;
    }
    return std::nullopt;
  });
}

template <bool largest>
Value extreme_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound(largest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const bool case_sensitive = bound.truth_or(0, false);
  const AttributePath path(runtime, bound.value_or(1, Value()));
  Iterator elements(runtime, subject);
  std::optional<Keyed> best;
  while (auto element = elements.next()) {
    Value key = path.get(runtime, *element);
    if (!case_sensitive) key = fold_case(runtime, key);
    if (!best || (largest ? less(runtime, best->key, key) : less(runtime, key, best->key)))
      best = Keyed{std::move(key), *std::move(element)};
  }
  return best ? best->item : Value::undefined("No aggregated item, sequence was empty.");
}

Value sum_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  const AttributePath path(runtime, bound.value_or(0, Value()));
  Value total = bound.value_or(1, Value(int64_t{0}));
  if (total.is(Kind::text)) fault("sum() can't sum strings [use ''.join(seq) instead]");
  Iterator elements(runtime, subject);
  while (auto element = elements.next())
    total = binary(runtime, BinaryOperator::add, total, path.get(runtime, *std::move(element)));
  return total;
}

Value batch_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t count = bound.integer_or(0, 0);
  const Value fill = bound.value_or(1, Value());
  ValueList batches, batch;
  for (Value& item : collect(runtime, subject)) {
    if (static_cast<int64_t>(batch.size()) == count) batches.push_back(runtime.list(std::exchange(batch, {})));
    batch.push_back(std::move(item));
  }
  if (!batch.empty()) {
    const int64_t missing = fill.is(Kind::none) ? 0 : count - static_cast<int64_t>(batch.size());
    if (missing > 0) {
      if (missing > Runtime::kMaxRange) fault("batch: lines of more than {} elements", Runtime::kMaxRange);
      batch.insert(batch.end(), static_cast<size_t>(missing), fill);
    }
    batches.push_back(runtime.list(std::move(batch)));
  }
  return generator_over(runtime, runtime.list(std::move(batches)));
}

Value slice_filter(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t count = bound.integer_or(0, 0);
  const Value fill = bound.value_or(1, Value());
  const ValueList items = collect(runtime, subject);
  if (count == 0) fault("integer division or modulo by zero");
  if (count > Runtime::kMaxRange) fault("slice: more than {} slices", Runtime::kMaxRange);
  const auto length = static_cast<int64_t>(items.size());
  ValueList slices;
  int64_t start = 0;
  for (int64_t i = 0; i < count; ++i) {
    const bool extra = i < length % count;
    const int64_t end = start + length / count + (extra ? 1 : 0);
    ValueList part(items.begin() + start, items.begin() + end);
    if (!fill.is(Kind::none) && !extra) part.push_back(fill);
    slices.push_back(runtime.list(std::move(part)));
    start = end;
  }
  return generator_over(runtime, runtime.list(std::move(slices)));
}

constexpr NamedFilter kSequenceFilters[] = {
    {"batch", batch_filter},       {"count", length_filter},       {"dictsort", dictsort_filter},
    {"first", first_filter},       {"items", items_filter},        {"join", join_filter},
    {"last", last_filter},         {"length", length_filter},      {"list", list_filter},
    {"max", extreme_filter<true>}, {"min", extreme_filter<false>}, {"reverse", reverse_filter},
    {"slice", slice_filter},       {"sort", sort_filter},          {"sum", sum_filter},
    {"unique", unique_filter},
};

}  // namespace

std::span<const NamedFilter> sequence_filters() {
  return kSequenceFilters;
}

}  // namespace temper::text::jinja
