#include "text/jinja/loop_state.h"

#include "text/jinja/operators.h"

namespace temper::text::jinja {

std::optional<Value> LoopState::pull(Runtime& runtime) {
  runtime.step();
  if (ahead_at_ < ahead_.size()) return ahead_[ahead_at_++];
  if (exhausted_ || !next_) return std::nullopt;
  auto element = next_();
  exhausted_ = !element;
  return element;
}

bool LoopState::advance(Runtime& runtime) {
  std::optional<Value> element = after_ ? std::exchange(after_, std::nullopt) : pull(runtime);
  if (!element) return false;
  ++index_;
  previous_ = std::exchange(current_, std::move(element));
  return true;
}

const std::optional<Value>& LoopState::peek(Runtime& runtime) {
  if (!after_) after_ = pull(runtime);
  return after_;
}

int64_t LoopState::length(Runtime& runtime) {
  if (!length_) {
    while (!exhausted_ && next_) {
      auto element = next_();
      exhausted_ = !element;
      if (!element) break;
      runtime.use_bytes(sizeof(Value));
      ahead_.push_back(*std::move(element));
    }
    length_ = static_cast<int64_t>(ahead_.size() - ahead_at_) + index_ + 1 + (after_ ? 1 : 0);
  }
  return *length_;
}

Value LoopState::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) fault("no items for cycling given");
  return arguments.positional[static_cast<size_t>(index_) % arguments.positional.size()];
}

Value LoopState::changed(Runtime& runtime, const Arguments& arguments) {
  Value now = runtime.tuple(arguments.positional);
  if (last_changed_ && equals(runtime, *last_changed_, now)) return Value(false);
  if (!last_changed_) runtime.adopt(self_.lock());  // the value may refer to this loop
  last_changed_ = std::move(now);
  return Value(true);
}

Value LoopState::call(Runtime&, Arguments&) {
  unsupported("calling 'loop', which needs recursive loops");
}

std::optional<Value> LoopState::attribute(Runtime& runtime, std::string_view name) {
  if (name == "index") return Value(index_ + 1);
  if (name == "index0") return Value(index_);
  if (name == "first") return Value(index_ == 0);
  if (name == "last") return Value(!peek(runtime).has_value());
  if (name == "length") return Value(length(runtime));
  if (name == "revindex") return Value(length(runtime) - index_);
  if (name == "revindex0") return Value(length(runtime) - index_ - 1);
  if (name == "depth") return Value(int64_t{1});
  if (name == "depth0") return Value(int64_t{0});
  if (name == "previtem") return index_ > 0 ? *previous_ : Value::undefined("there is no previous item");
  if (name == "nextitem") return peek(runtime).value_or(Value::undefined("there is no next item"));
  if (name == "cycle" || name == "changed") {
    const auto self = self_.lock();
    return runtime.method(Value(std::shared_ptr<Object>(self)), std::string(name),
                          [self, cycles = name == "cycle"](Runtime& rt, Arguments& arguments) {
                            return cycles ? self->cycle(arguments) : self->changed(rt, arguments);
                          });
  }
  return std::nullopt;
}

}  // namespace temper::text::jinja
