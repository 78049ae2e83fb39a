#include "device/failures.h"

#include <algorithm>
#include <utility>

#include "base/fail.h"

namespace temper {

FailureHandle FailedRanges::find(const MemoryRange& range) const {
  if (!any_.load(std::memory_order_acquire)) return nullptr;
  std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find_if(failed_, [&](const Entry& entry) { return entry.stands() && entry.range.overlaps(range); });
  return found == failed_.end() ? nullptr : found->failure;
}

void FailedRanges::add(const MemoryRange& range, FailureHandle failure, Reported until) {
  std::lock_guard lock(mutex_);
  std::erase_if(failed_, [](const Entry& entry) { return !entry.stands(); });
  failed_.push_back({range, std::move(failure), std::move(until)});
  any_.store(true, std::memory_order_release);
}

void FailedRanges::clear(const MemoryRange& range) {
  if (!any_.load(std::memory_order_acquire)) return;
  std::lock_guard lock(mutex_);
  std::erase_if(failed_, [&](const Entry& entry) {
    const MemoryRange& bad = entry.range;
    return bad.space == range.space && range.begin <= bad.begin && bad.end <= range.end;
  });
  any_.store(!failed_.empty(), std::memory_order_release);
}

void AsyncErrors::run(std::span<const Access> reads, std::span<const Access> writes, FunctionRef<void()> work,
                      FunctionRef<std::string()> describe) {
  const auto fail_outputs = [&](const FailureHandle& failure) {
    for (const Access& write : writes) {
      const bool in_place = std::ranges::any_of(
          reads, [&](const Access& read) { return read.failed == write.failed && read.range.overlaps(write.range); });
      write.failed->add(write.range, failure, in_place ? reported_ : nullptr);
    }
  };
  for (const Access& read : reads)
    if (const FailureHandle origin = read.failed->find(read.range)) {
      fail_outputs(origin);
      // On the stream of the origin itself, its error is the one to throw.
      if (!first_)
        first_ = std::make_shared<Failure>(Failure{
            origin->code, fmt::format("{} was skipped, its input was not computed: {}", describe(), origin->message)});
      return;
    }
  try {
    work();
    for (const Access& write : writes) write.failed->clear(write.range);
    return;
  } catch (const Error& error) {
    const auto failure =
        std::make_shared<Failure>(Failure{error.code(), fmt::format("{}: {}", describe(), error.what())});
    fail_outputs(failure);
    if (!first_) first_ = failure;
  } catch (const std::exception& error) {
    const auto failure =
        std::make_shared<Failure>(Failure{ErrorCode::internal, fmt::format("{}: {}", describe(), error.what())});
    fail_outputs(failure);
    if (!first_) first_ = failure;
  }
}

void AsyncErrors::rethrow() {
  if (!first_) return;
  reported_->store(true, std::memory_order_release);
  reported_ = std::make_shared<std::atomic<bool>>(false);
  const FailureHandle failure = std::exchange(first_, nullptr);
  throw Error(failure->code, failure->message);
}

void check_readable(const FailedRanges& failed, const MemoryRange& range) {
  if (const FailureHandle failure = failed.find(range))
    fail(failure->code, "read: the value was not computed: {}", failure->message);
}

std::string describe_launch(std::string_view op, std::span<const TensorSpec> inputs) {
  std::string text(op);
  text += '(';
  for (size_t i = 0; i < inputs.size(); ++i) text += (i ? ", " : "") + to_string(inputs[i]);
  return text + ")";
}

}  // namespace temper
