// The functions every template can call.
#include <ctime>

#include "text/jinja/interpreter.h"
#include "text/jinja/methods.h"

namespace temper::text::jinja {
namespace {

Value range_function(Runtime& runtime, Arguments& arguments) {
  const Bound bound("range", arguments, {"", "", ""}, 1);
  const bool has_start = bound.has(1);
  const int64_t start = has_start ? bound.integer_or(0, 0) : 0;
  const int64_t stop = bound.integer_or(has_start ? 1 : 0, 0);
  const int64_t step = bound.integer_or(2, 1);
  if (step == 0) fault("range() arg 3 must not be zero");
  const auto low = static_cast<uint64_t>(step > 0 ? start : stop),
             high = static_cast<uint64_t>(step > 0 ? stop : start);
  const bool is_empty = step > 0 ? start >= stop : start <= stop;
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
  const uint64_t count = is_empty ? 0 : (high - low - 1) / stride + 1;
  if (count > static_cast<uint64_t>(Runtime::kMaxRange))
    fault("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).", Runtime::kMaxRange);
  ValueList items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) items.emplace_back(start + static_cast<int64_t>(i) * step);
  return runtime.list(std::move(items), SequenceKind::range);
}

Value namespace_function(Runtime& runtime, Arguments& arguments) {
  const Value initial = make_dict(runtime, arguments);
  const auto space = std::make_shared<Namespace>();
  runtime.use_bytes(sizeof(Namespace));
  runtime.adopt(space);
  for (const auto& [key, value] : initial.mapping().entries()) {
    // Other keys than names can't be reached in a namespace.
    if (key.is(Kind::text)) space->set(runtime, key.text(), value);
  }
  return Value(std::shared_ptr<Object>(space));
}

/// dict itself: callable, and with fromkeys.
class DictFunction final : public Object {
 public:
  std::string_view type_name() const override { return "TemplateDict"; }
  bool callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override { return make_dict(runtime, arguments); }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override {
    return name == "fromkeys" ? mapping_method(runtime, runtime.dict({}), name) : std::nullopt;
  }
};

/// cycler(...): its values in turn.
class Cycler final : public Object {
 public:
  Cycler(ValueList items, int depth) : Object(depth), items_(std::move(items)) {}
  std::string_view type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override {
    if (name == "current") return items_[at_];
    if (name != "next" && name != "reset") return std::nullopt;
    const auto self = self_.lock();
    return runtime.method(Value(std::shared_ptr<Object>(self)), std::string(name),
                          [self, resets = name == "reset"](Runtime&, Arguments& arguments) {
                            const Bound bound("cycler", arguments, {});
                            const size_t at =
                                std::exchange(self->at_, resets ? 0 : (self->at_ + 1) % self->items_.size());
                            return resets ? Value() : self->items_[at];
                          });
  }
  void set_self(std::weak_ptr<Cycler> self) { self_ = std::move(self); }

 private:
  ValueList items_;
  size_t at_ = 0;
  std::weak_ptr<Cycler> self_;
};

Value cycler_function(Runtime& runtime, Arguments& arguments) {
  if (arguments.positional.empty()) fault("at least one item has to be provided");
  const Value items = runtime.tuple(arguments.positional);
  const auto cycler = std::make_shared<Cycler>(items.items(), runtime.depth_above(items));
  cycler->set_self(cycler);
  return Value(std::shared_ptr<Object>(cycler));
}

Value joiner_function(Runtime& runtime, Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"});
  const Value separator = bound.value_or(0, runtime.text(", "));
  return runtime.method(separator, "joiner", [separator, used = false](Runtime& rt, Arguments& given) mutable {
    const Bound none("joiner", given, {});
    return std::exchange(used, true) ? separator : rt.text("");
  });
}

Value raise_function(Runtime& runtime, Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  fault("{}", to_text(runtime, bound.at(0)));
}

Value strftime_function(Runtime& runtime, Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  using namespace std::chrono;
  const local_seconds now = runtime.now();
  const local_days day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(now - day);
  std::tm fields{};
  fields.tm_year = static_cast<int>(date.year()) - 1900;
  fields.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  fields.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  fields.tm_hour = static_cast<int>(time.hours().count());
  fields.tm_min = static_cast<int>(time.minutes().count());
  fields.tm_sec = static_cast<int>(time.seconds().count());
  fields.tm_wday = static_cast<int>(weekday(day).c_encoding());
  fields.tm_yday = static_cast<int>((day - local_days(date.year() / January / 1)).count());
  fields.tm_isdst = -1;
  const std::string& format = bound.text(0);
  if (format.empty()) return runtime.text("");
  constexpr size_t kMostPerCharacter = 64;
  std::string out;
  runtime.use_bytes(format.size() * kMostPerCharacter);
  out.resize(format.size() * kMostPerCharacter);
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &fields));
  return runtime.text(std::move(out));
}

}  // namespace

void add_global_functions(Runtime& runtime, Scope& globals) {
  const auto add = [&](const char* name, Function::Body body) {
    globals.variables.insert_or_assign(name, runtime.function(name, std::move(body)));
  };
  add("range", range_function);
  add("namespace", namespace_function);
  add("cycler", cycler_function);
  add("joiner", joiner_function);
  add("raise_exception", raise_function);
  add("strftime_now", strftime_function);
  add("lipsum", [](Runtime&, Arguments&) -> Value { unsupported("the function 'lipsum'"); });
  globals.variables.insert_or_assign("dict", Value(std::shared_ptr<Object>(std::make_shared<DictFunction>())));
}

}  // namespace temper::text::jinja
