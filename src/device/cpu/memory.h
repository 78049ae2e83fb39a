#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "device/hazards.h"
#include "device/operand.h"

namespace temper::cpu {

class MemoryPool;

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
};

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

/// Host memory behind a Buffer: taken from a pool, or imported and kept alive by an owner.
class CpuMemory final : public DeviceMemory {
 public:
  CpuMemory(std::byte* data, size_t capacity, std::shared_ptr<MemoryPool> pool, std::vector<QueueUse> uses)
      : uses_(std::move(uses)), data_(data), capacity_(capacity), pool_(std::move(pool)) {}
  CpuMemory(std::span<const std::byte> imported, std::shared_ptr<const void> owner)
      : data_(const_cast<std::byte*>(imported.data())), capacity_(imported.size()), owner_(std::move(owner)) {}
  ~CpuMemory() override;

  std::byte* data() const { return data_; }
  bool imported() const { return owner_ != nullptr; }
  PendingUses& uses() { return uses_; }

  /// Fresh: no launch has written it yet; its contents are whatever was there before.
  bool fresh = true;

 private:
  PendingUses uses_;
  std::byte* data_;
  size_t capacity_;
  std::shared_ptr<MemoryPool> pool_;
  std::shared_ptr<const void> owner_;
};

/// Told about released memory before it can be handed out again.
class ReleaseObserver {
 public:
  virtual ~ReleaseObserver() = default;
  /// `uses`: work that hasn't run yet and may still touch the memory.
  virtual void on_release(std::byte* data, size_t bytes, std::span<const QueueUse> uses) = 0;
};

/// A caching allocator for one stream. Memory comes from the system in chunks, is handed out best fit first, split, and
/// joined again on release, so that steps of varying sizes keep living in the same memory. Whole free chunks beyond a
/// bound go back to the system. Thread-safe: the last reference to a buffer may be dropped on any thread. Released
/// memory that work of some queue may still use is handed out again together with these uses, so that the next owner
/// waits for them; it returns to the system only after them.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kMaxCachedBytes = size_t{1} << 30;
  /// AddressSanitizer sees an overrun only when each tensor has memory of its own: no splitting there.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t kChunkBytes = 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  static constexpr size_t kChunkBytes = 0;
#else
  static constexpr size_t kChunkBytes = size_t{64} << 20;
#endif
#else
  static constexpr size_t kChunkBytes = size_t{64} << 20;
#endif

  /// `chunk_bytes`: the least taken from the system at once; 0: every size has memory of its own, never split.
  explicit MemoryPool(size_t max_cached_bytes = kMaxCachedBytes, size_t chunk_bytes = kChunkBytes)
      : max_cached_bytes_(max_cached_bytes), chunk_bytes_(chunk_bytes) {}
  ~MemoryPool();

  std::unique_ptr<CpuMemory> allocate(size_t bytes);
  /// At most one observer, which must outlive its registration.
  void observe(ReleaseObserver* observer);

  struct Stats {
    int64_t created = 0, reused = 0, bytes_created = 0, live_bytes = 0, peak_bytes = 0;
  };
  Stats stats() const;

 private:
  friend class CpuMemory;
  struct FreeBlock {
    size_t bytes;
    std::vector<QueueUse> uses;
  };
  using FreeBlocks = std::map<std::byte*, FreeBlock>;

  std::byte* take_free(size_t bytes, std::vector<QueueUse>* uses);
  void release(std::byte* data, size_t bytes, std::vector<QueueUse> uses);
  FreeBlocks::iterator insert_free(std::byte* data, FreeBlock block);
  FreeBlock erase_free(FreeBlocks::iterator block);

  size_t max_cached_bytes_, chunk_bytes_;
  mutable std::mutex mutex_;
  std::map<std::byte*, size_t> chunks_;  // bytes by address
  FreeBlocks free_;
  std::set<std::pair<size_t, std::byte*>> free_by_size_;
  size_t cached_bytes_ = 0;
  Stats stats_;
  ReleaseObserver* observer_ = nullptr;
};

/// The memory of a buffer on this backend.
inline CpuMemory& memory_of(const Buffer& buffer) {
  return static_cast<CpuMemory&>(buffer.memory());
}

/// First element of an operand. T must have the element size of the operand's type.
template <class T>
T* data_of(const Operand& operand) {
  return reinterpret_cast<T*>(memory_of(*operand.buffer).data()) + operand.spec.layout.offset;
}

/// The bytes between an operand's first and last element.
MemoryRange range_of(const Operand& operand);

}  // namespace temper::cpu
