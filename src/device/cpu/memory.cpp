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

void free_aligned(std::byte* data) {
  ::operator delete (data, std::align_val_t{MemoryPool::kAlignment});
}

void wait_for_all(const std::vector<QueueUse>& uses) {
  for (const QueueUse& use : uses) use.queue->wait(std::max(use.last_read, use.last_write));
}

bool finished(const QueueUse& use) {
  return use.queue->done(std::max(use.last_read, use.last_write));
}

}  // namespace

void PendingUses::note(const std::shared_ptr<WorkQueue>& queue, uint64_t batch, bool write) {
  std::lock_guard lock(mutex_);
  std::erase_if(uses_, [&](const QueueUse& use) { return use.queue != queue && finished(use); });
  auto found = std::ranges::find(uses_, queue, &QueueUse::queue);
  if (found == uses_.end()) found = uses_.insert(uses_.end(), {queue, 0, 0});
  (write ? found->last_write : found->last_read) = batch;
  any_.store(true, std::memory_order_release);
}

std::vector<Dependency> PendingUses::others(const WorkQueue* self, bool write) const {
  std::vector<Dependency> result;
  if (!any_.load(std::memory_order_acquire)) return result;
  std::lock_guard lock(mutex_);
  for (const QueueUse& use : uses_) {
    const uint64_t batch = write ? std::max(use.last_read, use.last_write) : use.last_write;
    if (use.queue.get() != self && !use.queue->done(batch)) result.push_back({use.queue, batch});
  }
  return result;
}

void PendingUses::wait_for_others(const WorkQueue* self, bool write) const {
  for (const Dependency& dependency : others(self, write)) dependency.queue->wait(dependency.batch);
}

std::vector<QueueUse> PendingUses::take() {
  std::lock_guard lock(mutex_);
  std::erase_if(uses_, finished);
  any_.store(false, std::memory_order_release);
  return std::move(uses_);
}

CpuMemory::~CpuMemory() {
  if (pool_) pool_->release(data_, capacity_, uses_.take());
}

MemoryPool::~MemoryPool() {
  for (auto& [capacity, blocks] : free_)
    for (const Block& block : blocks) {
      wait_for_all(block.uses);
      free_aligned(block.data);
    }
}

std::unique_ptr<CpuMemory> MemoryPool::allocate(size_t bytes) {
  const size_t capacity = round_up_to_class(bytes);
  std::byte* data = nullptr;
  std::vector<QueueUse> uses;
  {
    std::lock_guard lock(mutex_);
    const auto found = free_.find(capacity);
    if (found != free_.end() && !found->second.empty()) {
      data = found->second.back().data;
      uses = std::move(found->second.back().uses);
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
    data = static_cast<std::byte*>(::operator new (capacity, std::align_val_t{kAlignment}, std::nothrow));
    if (!data) {
      std::lock_guard lock(mutex_);
      stats_.live_bytes -= static_cast<int64_t>(capacity);
      fail(ErrorCode::out_of_memory, "cpu: no memory for a tensor of {} bytes; a smaller batch or sequence needs less",
           bytes);
    }
  }
  return std::make_unique<CpuMemory>(data, capacity, shared_from_this(), std::move(uses));
}

void MemoryPool::observe(ReleaseObserver* observer) {
  std::lock_guard lock(mutex_);
  observer_ = observer;
}

MemoryPool::Stats MemoryPool::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void MemoryPool::release(std::byte* data, size_t capacity, std::vector<QueueUse> uses) {
  {
    std::lock_guard lock(mutex_);
    if (observer_) observer_->on_release(data, capacity, uses);
    stats_.live_bytes -= static_cast<int64_t>(capacity);
    // With an observer (deferred stream) its pending work may still use the memory, so it stays whatever the bound.
    if (observer_ || cached_bytes_ + capacity <= max_cached_bytes_) {
      free_[capacity].push_back({data, std::move(uses)});
      cached_bytes_ += capacity;
      return;
    }
  }
  wait_for_all(uses);
  free_aligned(data);
}

MemoryRange range_of(const Operand& operand) {
  const size_t element = size_of(operand.dtype());
  const auto base = reinterpret_cast<uintptr_t>(memory_of(*operand.buffer).data());
  const auto offset = static_cast<size_t>(operand.spec.layout.offset);
  const auto end = static_cast<size_t>(operand.spec.layout.end());
  return {0, base + offset * element, base + std::max(end, offset) * element};
}

}  // namespace temper::cpu
