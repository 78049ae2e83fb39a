#include "device/cpu/memory.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "base/fail.h"

namespace temper::cpu {
namespace {

size_t round_up_to_class(size_t bytes) {
  const size_t size = std::max<size_t>(bytes, 256);
  const size_t step = std::bit_floor(size) / 8;
  return (size + step - 1) / step * step;
}

void free_aligned(std::byte* data) { ::operator delete(data, std::align_val_t{MemoryPool::kAlignment}); }

}  // namespace

CpuMemory::~CpuMemory() {
  if (pool_) pool_->release(data_, capacity_);
}

MemoryPool::~MemoryPool() {
  for (auto& [capacity, blocks] : free_)
    for (std::byte* block : blocks) free_aligned(block);
}

std::unique_ptr<CpuMemory> MemoryPool::allocate(size_t bytes) {
  const size_t capacity = round_up_to_class(bytes);
  std::byte* data = nullptr;
  {
    std::lock_guard lock(mutex_);
    const auto found = free_.find(capacity);
    if (found != free_.end() && !found->second.empty()) {
      data = found->second.back();
      found->second.pop_back();
      cached_bytes_ -= capacity;
      ++stats_.reused;
    } else {
      ++stats_.created;
      stats_.bytes_created += static_cast<int64_t>(capacity);
    }
    stats_.live_bytes += static_cast<int64_t>(capacity);
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.live_bytes);
  }
  if (!data) {
    data = static_cast<std::byte*>(::operator new(capacity, std::align_val_t{kAlignment}, std::nothrow));
    if (!data) {
      std::lock_guard lock(mutex_);
      stats_.live_bytes -= static_cast<int64_t>(capacity);
      fail(ErrorCode::out_of_memory, "cpu: no memory for a tensor of {} bytes; a smaller batch or sequence needs less",
           bytes);
    }
  }
  return std::make_unique<CpuMemory>(data, capacity, shared_from_this());
}

void MemoryPool::observe(ReleaseObserver* observer) {
  std::lock_guard lock(mutex_);
  observer_ = observer;
}

MemoryPool::Stats MemoryPool::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void MemoryPool::release(std::byte* data, size_t capacity) {
  std::lock_guard lock(mutex_);
  if (observer_) observer_->on_release(data, capacity);
  stats_.live_bytes -= static_cast<int64_t>(capacity);
  // With an observer (deferred stream) pending work may still use the memory, so it stays in the pool whatever the bound.
  if (!observer_ && cached_bytes_ + capacity > max_cached_bytes_) {
    free_aligned(data);
    return;
  }
  free_[capacity].push_back(data);
  cached_bytes_ += capacity;
}

MemoryRange range_of(const Operand& operand) {
  const size_t element = size_of(operand.dtype());
  const auto base = reinterpret_cast<uintptr_t>(memory_of(*operand.buffer).data());
  const auto offset = static_cast<size_t>(operand.spec.layout.offset);
  const auto end = static_cast<size_t>(operand.spec.layout.end());
  return {0, base + offset * element, base + std::max(end, offset) * element};
}

}  // namespace temper::cpu
