#include "text/jinja/runtime.h"

#include <ctime>

namespace temper::text::jinja {

Runtime::Runtime(const RenderLimits& limits, std::optional<std::chrono::local_seconds> now)
    : limits_(limits), now_(now) {}

Runtime::~Runtime() {
  for (const auto& object : adopted_) object->clear();
}

Value Runtime::text(std::string bytes, bool markup) {
  use_bytes(sizeof(TextObject) + bytes.size());
  return Value(std::make_shared<const TextObject>(TextObject{std::move(bytes), markup}));
}

Value Runtime::list(ValueList items, SequenceKind kind) {
  use_bytes(sizeof(SequenceObject) + items.size() * sizeof(Value));
  int depth = 1;
  for (const Value& item : items) depth = std::max(depth, depth_above(item));
  return Value(std::make_shared<const SequenceObject>(SequenceObject{std::move(items), kind, depth}));
}

Value Runtime::dict(std::vector<DictObject::Entry> entries) {
  constexpr size_t kIndexBytes = 32;  // of a node of the index
  use_bytes(sizeof(DictObject) + entries.size() * (sizeof(DictObject::Entry) + kIndexBytes));
  return Value(std::make_shared<const DictObject>(*this, std::move(entries)));
}

Value Runtime::generator(const Value& source, Generator::Next next) {
  use_bytes(sizeof(Generator) + sizeof(Iterator));
  return Value(std::shared_ptr<Object>(std::make_shared<Generator>(std::move(next), depth_above(source))));
}

Value Runtime::function(std::string name, Function::Body body) {
  return Value(std::shared_ptr<Object>(std::make_shared<Function>(std::move(name), std::move(body))));
}

Value Runtime::method(const Value& self, std::string name, Function::Body body) {
  use_bytes(sizeof(Function));
  return Value(
      std::shared_ptr<Object>(std::make_shared<Function>(std::move(name), std::move(body), depth_above(self))));
}

int Runtime::depth_above(const Value& value) const {
  const int depth = value.depth() + 1;
  if (depth > kMaxValueDepth) fault("values nested deeper than {} levels", kMaxValueDepth);
  return depth;
}

std::chrono::local_seconds Runtime::now() const {
  if (now_) return *now_;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  using namespace std::chrono;
  const year_month_day day{year{local.tm_year + 1900}, month{static_cast<unsigned>(local.tm_mon + 1)},
                           std::chrono::day{static_cast<unsigned>(local.tm_mday)}};
  return local_days{day} + hours{local.tm_hour} + minutes{local.tm_min} + seconds{local.tm_sec};
}

void Runtime::too_many_steps() const {
  fault("the template takes more than {} steps; an endless loop?", limits_.steps);
}

void Runtime::too_many_bytes() const {
  fault("the template makes more than {} bytes of strings and lists; an endless loop?", limits_.bytes);
}

void Runtime::too_deep() {
  fault("blocks, expressions and macro calls nested deeper than {} levels", kMaxEvalDepth);
}

void TextBuilder::repeat(std::string_view piece, int64_t times) {
  if (times <= 0 || piece.empty()) return;
  if (static_cast<uint64_t>(times) > SIZE_MAX / piece.size()) runtime_.use_bytes(SIZE_MAX);
  runtime_.use_bytes(piece.size() * static_cast<size_t>(times));
  bytes_.reserve(bytes_.size() + piece.size() * static_cast<size_t>(times));
  for (int64_t i = 0; i < times; ++i) bytes_ += piece;
}

}  // namespace temper::text::jinja
