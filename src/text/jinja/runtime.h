#pragma once

#include <fmt/format.h>

#include <chrono>
#include <exception>

#include "temper/error.h"
#include "text/jinja/chat_template.h"
#include "text/jinja/value.h"

namespace temper::text::jinja {

/// A mistake found while parsing or rendering; ChatTemplate turns it into an Error with the template's name and line.
struct Fault : std::exception {
  Fault(ErrorCode error_code, std::string text, int at_line = 0)
      : code(error_code), message(std::move(text)), line(at_line) {}
  const char* what() const noexcept override { return message.c_str(); }
  ErrorCode code;
  std::string message;
  int line;  // 0: the line being executed
};

/// The template did what Python refuses.
template <class... Args>
[[noreturn]] void fault(fmt::format_string<Args...> format, Args&&... args) {
  throw Fault(ErrorCode::invalid_argument, fmt::format(format, std::forward<Args>(args)...));
}

/// Valid Jinja, but outside the subset.
template <class... Args>
[[noreturn]] void unsupported(fmt::format_string<Args...> format, Args&&... args) {
  throw Fault(ErrorCode::unsupported, fmt::format(format, std::forward<Args>(args)...));
}

/// The state of one rendering that every operation shares: what it has used of its limits, the line being executed,
/// and the mutable objects, which it empties at the end so that cycles among them are freed.
class Runtime {
 public:
  static constexpr int kMaxValueDepth = 200;    // a list in a list in a list ...
  static constexpr int kMaxEvalDepth = 400;     // nested expressions, blocks and macro calls
  static constexpr int64_t kMaxRange = 100000;  // as Jinja's sandbox

  Runtime(const RenderLimits& limits, std::optional<std::chrono::local_seconds> now);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Counts work; throws Fault past the limit.
  void step(int64_t count = 1) {
    steps_ += count;
    if (steps_ > limits_.steps) too_many_steps();
  }
  /// Counts memory before it is taken; throws Fault past the limit.
  void use_bytes(size_t count) {
    if (count > static_cast<size_t>(limits_.bytes)) too_many_bytes();
    bytes_ += static_cast<int64_t>(count);
    if (bytes_ > limits_.bytes) too_many_bytes();
    step(static_cast<int64_t>(count / 64));
  }

  Value text(std::string bytes, bool markup = false);
  Value list(ValueList items, SequenceKind kind = SequenceKind::list);
  Value tuple(ValueList items) { return list(std::move(items), SequenceKind::tuple); }
  Value dict(std::vector<DictObject::Entry> entries);
  /// A generator that keeps `source` alive.
  Value generator(const Value& source, Generator::Next next);
  Value function(std::string name, Function::Body body);
  /// A function that refers to `self`.
  Value method(const Value& self, std::string name, Function::Body body);
  /// 1 + the depth of `value`; throws Fault past kMaxValueDepth.
  int depth_above(const Value& value) const;

  /// Registers an object that can take part in a cycle.
  void adopt(std::shared_ptr<Object> object) { adopted_.push_back(std::move(object)); }

  /// Counts recursion while it lives; throws Fault past kMaxEvalDepth.
  class Nested {
   public:
    explicit Nested(Runtime& runtime) : runtime_(runtime) {
      if (runtime_.eval_depth_ >= kMaxEvalDepth) runtime_.too_deep();
      ++runtime_.eval_depth_;
    }
    ~Nested() { --runtime_.eval_depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Runtime& runtime_;
  };

  std::chrono::local_seconds now() const;
  const RenderLimits& limits() const { return limits_; }

  int line = 0;  ///< of the template, being executed

 private:
  [[noreturn]] void too_many_steps() const;
  [[noreturn]] void too_many_bytes() const;
  [[noreturn]] static void too_deep();

  RenderLimits limits_;
  std::optional<std::chrono::local_seconds> now_;
  int64_t steps_ = 0, bytes_ = 0;
  int eval_depth_ = 0;
  std::vector<std::shared_ptr<Object>> adopted_;
};

/// A string under construction whose growth counts against the limits.
class TextBuilder {
 public:
  explicit TextBuilder(Runtime& runtime) : runtime_(runtime) {}
  TextBuilder& operator+=(std::string_view piece) {
    runtime_.use_bytes(piece.size());
    bytes_ += piece;
    return *this;
  }
  TextBuilder& operator+=(char piece) { return *this += std::string_view(&piece, 1); }
  void repeat(std::string_view piece, int64_t times);
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  Runtime& runtime_;
  std::string bytes_;
};

}  // namespace temper::text::jinja
