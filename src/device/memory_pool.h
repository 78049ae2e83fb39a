#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "device/failures.h"
#include "device/pending_uses.h"
#include "tensor/buffer.h"

namespace temper {

class MemoryPool;

/// Where the memory of a pool comes from: the host's heap, or buffers of a device in the host's address space.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  /// Aligned to MemoryPool::kAlignment; null when there is no more.
  virtual std::byte* take(size_t bytes) = 0;
  virtual void give_back(std::byte* chunk, size_t bytes) = 0;
};

/// Memory in the host's address space behind a buffer: taken from a pool, or imported and kept alive by its owner.
class PooledMemory final : public DeviceMemory {
 public:
  PooledMemory(std::span<const std::byte> imported, std::shared_ptr<const void> owner)
      : fresh(false),
        data_(const_cast<std::byte*>(imported.data())),
        capacity_(imported.size()),
        owner_(std::move(owner)) {}
  PooledMemory(std::byte* data, size_t capacity, std::shared_ptr<MemoryPool> pool, std::vector<QueueUse> uses)
      : uses_(std::move(uses)), data_(data), capacity_(capacity), pool_(std::move(pool)) {}
  ~PooledMemory() override;

  std::byte* data() const { return data_; }
  bool imported() const { return owner_ != nullptr; }
  PendingUses& uses() { return uses_; }
  /// Kept by launches as well, which may run after the memory has been released.
  const std::shared_ptr<FailedRanges>& failed() const { return failed_; }

  /// Fresh: no launch has written it yet; its contents are whatever was there before.
  bool fresh = true;

 private:
  PendingUses uses_;
  std::shared_ptr<FailedRanges> failed_ = std::make_shared<FailedRanges>();
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

/// A caching allocator for one stream. Memory comes from its source in chunks, is handed out best fit first, split, and
/// joined again on release, so that steps of varying sizes keep living in the same memory. Whole free chunks beyond a
/// bound go back to the source. Thread-safe: the last reference to a buffer may be dropped on any thread. Released
/// memory that work of some queue may still use is handed out again together with these uses, so that the next owner
/// waits for them; it returns to the source only after them.
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

  /// `chunk_bytes`: the least taken from the source at once; 0: every size has memory of its own, never split.
  explicit MemoryPool(std::unique_ptr<ChunkSource> source, size_t max_cached_bytes = kMaxCachedBytes,
                      size_t chunk_bytes = kChunkBytes)
      : source_(std::move(source)), max_cached_bytes_(max_cached_bytes), chunk_bytes_(chunk_bytes) {}
  ~MemoryPool();

  std::unique_ptr<PooledMemory> allocate(size_t bytes);
  /// Memory that no work under way touches: the host may write it at once.
  std::unique_ptr<PooledMemory> allocate_idle(size_t bytes);
  /// At most one observer, which must outlive its registration.
  void observe(ReleaseObserver* observer);

  struct Stats {
    int64_t created = 0, reused = 0, bytes_created = 0, live_bytes = 0, peak_bytes = 0;
  };
  Stats stats() const;

 private:
  friend class PooledMemory;
  struct FreeBlock {
    size_t bytes;
    std::vector<QueueUse> uses;
  };
  using FreeBlocks = std::map<std::byte*, FreeBlock>;

  std::unique_ptr<PooledMemory> allocate(size_t bytes, bool idle);
  std::byte* take_free(size_t bytes, bool idle, std::vector<QueueUse>* uses);
  /// Gives chunks that are free back to the source; false when there are none. With the mutex held.
  bool trim();
  void release(std::byte* data, size_t bytes, std::vector<QueueUse> uses);
  FreeBlocks::iterator insert_free(std::byte* data, FreeBlock block);
  FreeBlock erase_free(FreeBlocks::iterator block);

  std::unique_ptr<ChunkSource> source_;
  size_t max_cached_bytes_, chunk_bytes_;
  mutable std::mutex mutex_;
  std::map<std::byte*, size_t> chunks_;  // bytes by address
  FreeBlocks free_;
  std::set<std::pair<size_t, std::byte*>> free_by_size_;
  size_t cached_bytes_ = 0;
  Stats stats_;
  ReleaseObserver* observer_ = nullptr;
};

}  // namespace temper
