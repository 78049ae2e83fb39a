#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "device/counters.h"
#include "device/failures.h"
#include "device/hazards.h"
#include "device/operand.h"

namespace temper {

/// The open batch of work of a stream. Each backend derives its own, with the launch calls that its kernels use;
/// kernels get this base and cast it to their backend's encoder.
class Encoder {
 public:
  virtual ~Encoder() = default;
};

struct StreamOptions {
  /// Encode now, run at commit on another thread, as a GPU does. The CPU's way to prove ops ready for one.
  bool deferred = false;
  /// Deferred: run the launches between two barriers in a random order drawn from this seed.
  std::optional<uint64_t> shuffle_seed = std::nullopt;
  /// Deferred: fill fresh outputs and freed memory with NaN, so that use of either is seen.
  bool poison_memory = true;
  /// Deferred: launches after which a batch is committed without being asked.
  int max_batch_launches = 1024;
  /// Deferred: likewise for the bytes that its launches read and write, so that the device starts early on large ones.
  int64_t max_batch_bytes = int64_t{1} << 30;
  HazardKinds hazards = {};
};

/// Work in order on one device, used by one thread at a time. Launches may run later than they are encoded; their
/// errors are kept (that of the earliest launch, with op and shapes) and thrown by the next synchronize() or read(),
/// after which the stream is usable again. Two kinds:
/// - Work that could not run (no memory, the device gave up) leaves no value. What depends on it, on this stream or
///   another, is skipped where the host can still do so.
/// - A kernel that finds its data wrong (Error{numeric}) runs to its end and writes something defined, and what depends
///   on it runs on that: a device can't skip it. States updated meanwhile hold what came of it.
/// Either way nothing that came of it can be read until it has been written afresh; work of another stream that depends
/// on it is an error of that stream which names the origin.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual Encoder& encoder() = 0;
  /// Memory from the stream's pool. Memory released on the host may be handed out again at once: later work on this
  /// stream is ordered after earlier uses. Throws Error{out_of_memory}.
  virtual std::shared_ptr<Buffer> allocate(size_t bytes) = 0;
  /// Copies host bytes into a fresh buffer, in stream order.
  virtual std::shared_ptr<Buffer> upload(std::span<const std::byte> bytes) = 0;
  /// Commits, waits and copies out the bytes at `offset`. Throws what asynchronous work threw.
  virtual void read(const Buffer& buffer, size_t offset, std::span<std::byte> out) = 0;
  /// Hands the open batch to the device.
  virtual void commit() = 0;
  /// Commits and waits. Returns the error that synchronize() throws, null if there is none.
  virtual FailureHandle wait() = 0;
  /// Commits and waits. Throws what asynchronous work threw.
  void synchronize() {
    if (const FailureHandle failure = wait()) throw Error(failure->code, failure->message);
  }

  /// A training step or a decoded token begins: for tools that show what the device does when.
  virtual void begin_step(uint64_t) {}

  Counters& counters() { return counters_; }
  const Counters& counters() const { return counters_; }

 private:
  Counters counters_;
};

}  // namespace temper
