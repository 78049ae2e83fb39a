#include "device/failures.h"

#include <algorithm>
#include <utility>

#include "base/fail.h"

namespace temper {

FailureHandle FailedRanges::find(const MemoryRange& range) const {
  if (!any_.load(std::memory_order_acquire)) return nullptr;
  std::lock_guard lock(mutex_);
  FailureHandle found;
  for (const Entry& entry : failed_) {
    if (!entry.stands() || !entry.range.overlaps(range)) continue;
    if (!entry.failure->ran) return entry.failure;
    if (!found) found = entry.failure;
  }
  return found;
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

namespace {

FailureHandle failed_input(std::span<const Access> reads) {
  FailureHandle found;
  for (const Access& read : reads)
    if (FailureHandle failure = read.failed->find(read.range); failure && (!found || !failure->ran)) {
      found = std::move(failure);
      if (!found->ran) break;
    }
  return found;
}

/// What `launch` says of an input that failed. On the stream of the origin itself, the origin's error came first.
FailureHandle failure_of_input(const LaunchInfo& launch, const Failure& origin, std::string_view outcome) {
  return std::make_shared<Failure>(Failure{
      origin.code, fmt::format("{} {}, its input was not computed: {}", launch.describe(), outcome, origin.message),
      origin.ran});
}

}  // namespace

void AsyncErrors::run(const LaunchInfo& launch, FunctionRef<FailureHandle()> work) {
  if (const FailureHandle origin = failed_input(launch.reads); origin && !origin->ran)
    return spoil(launch, origin, failure_of_input(launch, *origin, "was skipped"));
  settle(launch, attempt(launch.describe, work));
}

void AsyncErrors::settle(const LaunchInfo& launch, const FailureHandle& failure) {
  if (failure && !failure->ran) return spoil(launch, failure, failure);
  // What the kernel found in stand-ins isn't the reason.
  if (const FailureHandle origin = failed_input(launch.reads))
    return spoil(launch, origin, failure_of_input(launch, *origin, "has no result"));
  if (failure) return spoil(launch, failure, failure);
  for (const Access& write : launch.writes) write.failed->clear(write.range);
}

void AsyncErrors::spoil(const LaunchInfo& launch, const FailureHandle& reason, FailureHandle to_report) {
  const std::lock_guard lock(mutex_);
  for (const Access& write : launch.writes) {
    const bool in_place = std::ranges::any_of(launch.reads, [&](const Access& read) {
      return read.failed == write.failed && read.range.overlaps(write.range);
    });
    write.failed->add(write.range, reason, in_place && write.state ? reported_ : nullptr);
  }
  if (first_ && first_number_ <= launch.number) return;
  first_ = std::move(to_report);
  first_number_ = launch.number;
}

FailureHandle AsyncErrors::take() {
  const std::lock_guard lock(mutex_);
  if (!first_) return nullptr;
  reported_->store(true, std::memory_order_release);
  reported_ = std::make_shared<std::atomic<bool>>(false);
  return std::exchange(first_, nullptr);
}

FailureHandle attempt(FunctionRef<std::string()> describe, FunctionRef<FailureHandle()> work) {
  const auto failure = [&](ErrorCode code, const char* what) {
    return std::make_shared<Failure>(Failure{code, fmt::format("{}: {}", describe(), what)});
  };
  try {
    return work();
  } catch (const Error& error) {
    return failure(error.code(), error.what());
  } catch (const std::exception& error) {
    return failure(ErrorCode::internal, error.what());
  }
}

FailureHandle fault_of(const FaultMessage& message, FunctionRef<std::string()> describe,
                       FunctionRef<void(FaultReport&)> body) {
  FaultRecord record;
  FaultReport report(record);
  body(report);
  return fault_in(record, message, describe);
}

FailureHandle fault_in(const FaultRecord& record, const FaultMessage& message, FunctionRef<std::string()> describe) {
  if (record.code == 0) return nullptr;
  return std::make_shared<Failure>(
      Failure{ErrorCode::numeric, fmt::format("{}: {}", describe(), message(record)), true});
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
