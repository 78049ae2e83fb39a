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
};
using FailureHandle = std::shared_ptr<const Failure>;

/// Becomes true when the host has been told of a stream's errors.
using Reported = std::shared_ptr<std::atomic<bool>>;

/// What failed work should have written into the memory of one buffer. Outlives the buffer while work on it is pending;
/// work of several streams may ask and tell at once.
class FailedRanges {
 public:
  /// Null when everything in the range is sound.
  FailureHandle find(const MemoryRange& range) const;
  /// `until`: of a state whose update failed, which keeps what it held once the error is known; null: no value exists.
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
};

/// The errors of one stream.
class AsyncErrors {
 public:
  /// Runs `work` unless it reads what failed work should have written, on this stream or another; then its outputs
  /// count as failed too, for the same reason. `describe` names op and shapes for the message.
  void run(std::span<const Access> reads, std::span<const Access> writes, FunctionRef<void()> work,
           FunctionRef<std::string()> describe);
  /// An error of work that was handed over: the one to throw, if it is the first.
  void keep(const FailureHandle& failure) {
    if (!first_) first_ = failure;
  }
  /// Throws the first error since the last call, if any.
  void rethrow();

 private:
  FailureHandle first_;
  Reported reported_ = std::make_shared<std::atomic<bool>>(false);
};

/// Throws Error naming the work that failed, when some of the range was never computed.
void check_readable(const FailedRanges& failed, const MemoryRange& range);

/// "rms_norm(f32[2,3], f32[3])" for error messages.
std::string describe_launch(std::string_view op, std::span<const TensorSpec> inputs);

}  // namespace temper
