#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "device/failures.h"
#include "device/hazards.h"
#include "device/operand.h"
#include "device/pending_uses.h"

namespace temper::cpu {

class MemoryPool;

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
/// The same with what failed there.
Access access_to(const Operand& operand);
/// Bytes [offset, offset + bytes) of a buffer.
MemoryRange range_of(const Buffer& buffer, size_t offset, size_t bytes);

}  // namespace temper::cpu
