#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "device/hazards.h"
#include "device/operand.h"

namespace temper::cpu {

class MemoryPool;

/// Host memory behind a Buffer: taken from a pool, or imported and kept alive by an owner.
class CpuMemory final : public DeviceMemory {
 public:
  CpuMemory(std::byte* data, size_t capacity, std::shared_ptr<MemoryPool> pool)
      : data_(data), capacity_(capacity), pool_(std::move(pool)) {}
  CpuMemory(std::span<const std::byte> imported, std::shared_ptr<const void> owner)
      : data_(const_cast<std::byte*>(imported.data())), capacity_(imported.size()), owner_(std::move(owner)) {}
  ~CpuMemory() override;

  std::byte* data() const { return data_; }
  bool imported() const { return owner_ != nullptr; }

  /// Fresh: no launch has written it yet; its contents are whatever was there before.
  bool fresh = true;

 private:
  std::byte* data_;
  size_t capacity_;
  std::shared_ptr<MemoryPool> pool_;
  std::shared_ptr<const void> owner_;
};

/// Told about released memory before it can be handed out again.
class ReleaseObserver {
 public:
  virtual ~ReleaseObserver() = default;
  virtual void on_release(std::byte* data, size_t bytes) = 0;
};

/// A caching allocator for one stream. Sizes are rounded to eighths of a power of two (at most 12.5 % waste); cached
/// memory is bounded and returned to the system when the pool dies or the bound is passed. Thread-safe: the last
/// reference to a buffer may be dropped on any thread.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  static constexpr size_t kAlignment = 64;

  explicit MemoryPool(size_t max_cached_bytes = size_t{2} << 30) : max_cached_bytes_(max_cached_bytes) {}
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
  void release(std::byte* data, size_t capacity);

  size_t max_cached_bytes_;
  mutable std::mutex mutex_;
  std::map<size_t, std::vector<std::byte*>> free_;  // by capacity
  size_t cached_bytes_ = 0;
  Stats stats_;
  ReleaseObserver* observer_ = nullptr;
};

/// The memory of a buffer on this backend.
inline CpuMemory& memory_of(const Buffer& buffer) { return static_cast<CpuMemory&>(buffer.memory()); }

/// First element of an operand. T must have the element size of the operand's type.
template <class T>
T* data_of(const Operand& operand) {
  return reinterpret_cast<T*>(memory_of(*operand.buffer).data()) + operand.spec.layout.offset;
}

/// The bytes between an operand's first and last element.
MemoryRange range_of(const Operand& operand);

}  // namespace temper::cpu
