#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

// Memory used on several streams: which batches of which streams still have to run before it may be used again.
namespace temper {

/// Work of a stream that runs later than it is encoded, in numbered batches. Thread-safe; outlives its stream.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;
  /// True when the batch has run.
  virtual bool done(uint64_t batch) const = 0;
  /// Hands the batch to the device if it is still open, so that others may wait for it.
  virtual void submit(uint64_t batch) = 0;
  /// Submits and returns when the batch has run. Not for the queue's own thread.
  virtual void wait(uint64_t batch) = 0;
};

/// The last batches of one queue that read and wrote some memory; 0: none did.
struct QueueUse {
  std::shared_ptr<WorkQueue> queue;
  uint64_t last_read = 0;
  uint64_t last_write = 0;

  bool finished() const;
  void wait() const;
};

/// Both lists as one, each queue once.
std::vector<QueueUse> joined(std::vector<QueueUse> uses, std::vector<QueueUse> more);

/// A batch that must have run before memory may be used.
struct Dependency {
  std::shared_ptr<WorkQueue> queue;
  uint64_t batch = 0;
};

/// Which queues may still use some memory. Streams that run work at once never enter anything, so that their memory
/// costs one look at a flag.
class PendingUses {
 public:
  PendingUses() = default;
  explicit PendingUses(std::vector<QueueUse> uses) : uses_(std::move(uses)), any_(!uses_.empty()) {}

  void note(const std::shared_ptr<WorkQueue>& queue, uint64_t batch, bool write);
  /// What work outside of `self` a launch of `self` (null: of a stream without a queue) has to wait for: writes, and
  /// reads as well if the launch writes.
  std::vector<Dependency> others(const WorkQueue* self, bool write) const;
  /// Waits for the same here.
  void wait_for_others(const WorkQueue* self, bool write) const;
  /// All that hasn't run yet.
  std::vector<QueueUse> take();

 private:
  mutable std::mutex mutex_;
  std::vector<QueueUse> uses_;
  std::atomic<bool> any_ = false;
};

}  // namespace temper
