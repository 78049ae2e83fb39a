#pragma once

#include "text/jinja/runtime.h"

namespace temper::text::jinja {

/// The `loop` variable, which also drives the iteration: loop.last and loop.nextitem look one element ahead.
class LoopState final : public Object {
 public:
  using Next = std::function<std::optional<Value>()>;
  /// `length` is absent for generators and filtered loops; asking for it then runs the iteration ahead.
  LoopState(Next next, std::optional<int64_t> length, int depth)
      : Object(depth), next_(std::move(next)), length_(length) {}

  /// Moves to the next element; false at the end.
  bool advance(Runtime& runtime);
  const Value& current() const { return *current_; }
  /// Ends the iteration; the object may live on in a namespace.
  void finish() { next_ = nullptr; }

  std::string_view type_name() const override { return "LoopContext"; }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override;
  bool callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override;
  void clear() override { last_changed_.reset(); }
  void set_self(std::weak_ptr<LoopState> self) { self_ = std::move(self); }

 private:
  std::optional<Value> pull(Runtime& runtime);
  const std::optional<Value>& peek(Runtime& runtime);
  int64_t length(Runtime& runtime);
  Value cycle(const Arguments& arguments) const;
  Value changed(Runtime& runtime, const Arguments& arguments);

  Next next_;
  std::optional<int64_t> length_;
  ValueList ahead_;  // read ahead by length(), in order
  size_t ahead_at_ = 0;
  std::optional<Value> previous_, current_, after_, last_changed_;
  bool exhausted_ = false;
  int64_t index_ = -1;
  std::weak_ptr<LoopState> self_;
};

}  // namespace temper::text::jinja
