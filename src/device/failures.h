#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "device/faults.h"
#include "device/hazards.h"
#include "temper/error.h"
#include "temper/tensor.h"

// Errors of asynchronous work. The stream it ran on keeps the first one, to throw it at the next wait or read; the
// memory that should have been written remembers it as well, so that no stream ever takes the contents for a value.
namespace temper {

/// Why some work gave no result: "rms_norm(f32[2,3], f32[3]): ...".
struct Failure {
  ErrorCode code;
  std::string message;
  /// A fault of the data (device/faults.h): the kernel ran to its end, and something defined stands where the result
  /// should be. What depends on it runs as well, on any device, since a GPU could not skip it.
  bool ran = false;
};
using FailureHandle = std::shared_ptr<const Failure>;

/// Becomes true when the host has been told of a stream's errors.
using Reported = std::shared_ptr<std::atomic<bool>>;

/// What failed work should have written into the memory of one buffer. Outlives the buffer while work on it is pending;
/// work of several streams may ask and tell at once.
class FailedRanges {
 public:
  /// Null when everything in the range is sound. Of several failures one without any value comes first.
  FailureHandle find(const MemoryRange& range) const;
  /// `until`: of a state whose update failed, which is usable as it is once the error is known; null: no value exists.
  void add(const MemoryRange& range, FailureHandle failure, Reported until);
  /// Written afresh: what the range covers is sound again.
  void clear(const MemoryRange& range);

 private:
  std::atomic<bool> any_ = false;  // one look at it is all that sound memory costs
  mutable std::mutex mutex_;
  struct Entry {
    MemoryRange range;
    FailureHandle failure;
    Reported until;

    bool stands() const { return !until || !until->load(std::memory_order_acquire); }
  };
  std::vector<Entry> failed_;
};

/// One operand of a launch: where it lies, and what failed there.
struct Access {
  MemoryRange range;
  FailedRanges* failed;
  bool state;  ///< memory that outlives a failed update, not an output in the place of an input
};

/// What an error of a launch is kept with.
struct LaunchInfo {
  uint64_t number;  ///< of the stream's launches, in the order in which they were encoded
  std::span<const Access> reads, writes;
  FunctionRef<std::string()> describe;  ///< op and shapes
};

/// The errors of one stream. Thread-safe.
class AsyncErrors {
 public:
  /// Runs `work`, which returns what went wrong (null: nothing) or throws, and settles the launch. Work that reads what
  /// other work, of this stream or another, gave no value at all is skipped: its outputs fail for the same reason.
  void run(const LaunchInfo& launch, FunctionRef<FailureHandle()> work);
  /// After a launch has run: outputs of one that failed, or that read what is no result, are no results either; those
  /// of others are sound. `failure`: null if nothing went wrong.
  void settle(const LaunchInfo& launch, const FailureHandle& failure);
  /// The error of the earliest launch since the last call, or null. The host knows of all errors from here on.
  FailureHandle take();

 private:
  void spoil(const LaunchInfo& launch, const FailureHandle& reason, FailureHandle to_report);

  std::mutex mutex_;
  FailureHandle first_;
  uint64_t first_number_ = 0;
  Reported reported_ = std::make_shared<std::atomic<bool>>(false);
};

/// Does `work`, which returns what went wrong, and turns what it throws into a failure of the launch that `describe`
/// names.
FailureHandle attempt(FunctionRef<std::string()> describe, FunctionRef<FailureHandle()> work);
/// What `body` reports while it runs, as the failure of the launch that `describe` names; null if nothing.
FailureHandle fault_of(const FaultMessage& message, FunctionRef<std::string()> describe,
                       FunctionRef<void(FaultReport&)> body);
/// The same of a record that a device has written.
FailureHandle fault_in(const FaultRecord& record, const FaultMessage& message, FunctionRef<std::string()> describe);

/// Throws Error naming the work that failed, when some of the range was never computed.
void check_readable(const FailedRanges& failed, const MemoryRange& range);

/// "rms_norm(f32[2,3], f32[3])" for error messages.
std::string describe_launch(std::string_view op, std::span<const TensorSpec> inputs);

}  // namespace temper
