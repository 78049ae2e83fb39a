#include "device/memory_pool.h"

#include <algorithm>
#include <iterator>

#include "base/fail.h"

namespace temper {
namespace {

constexpr size_t kSmallestBlock = 256;

size_t rounded(size_t bytes) {
  return std::max(kSmallestBlock,
                  (bytes + MemoryPool::kAlignment - 1) / MemoryPool::kAlignment * MemoryPool::kAlignment);
}

void wait_for_all(const std::vector<QueueUse>& uses) {
  for (const QueueUse& use : uses) use.wait();
}

}  // namespace

PooledMemory::~PooledMemory() {
  if (pool_) pool_->release(data_, capacity_, uses_.take());
}

MemoryPool::~MemoryPool() {
  for (const auto& [data, block] : free_) wait_for_all(block.uses);
  for (const auto& [data, bytes] : chunks_) source_->give_back(data, bytes);
}

MemoryPool::FreeBlocks::iterator MemoryPool::insert_free(std::byte* data, FreeBlock block) {
  cached_bytes_ += block.bytes;
  free_by_size_.emplace(block.bytes, data);
  return free_.emplace(data, std::move(block)).first;
}

MemoryPool::FreeBlock MemoryPool::erase_free(FreeBlocks::iterator block) {
  cached_bytes_ -= block->second.bytes;
  free_by_size_.erase({block->second.bytes, block->first});
  FreeBlock erased = std::move(block->second);
  free_.erase(block);
  return erased;
}

std::byte* MemoryPool::take_free(size_t bytes, bool idle, std::vector<QueueUse>* uses) {
  const auto usable = [&](const auto& block) {
    return !idle || std::ranges::all_of(free_.at(block.second).uses, &QueueUse::finished);
  };
  const auto fit = std::find_if(free_by_size_.lower_bound({bytes, nullptr}), free_by_size_.end(), usable);
  if (fit == free_by_size_.end() || (chunk_bytes_ == 0 && fit->first != bytes)) return nullptr;
  std::byte* data = fit->second;
  FreeBlock block = erase_free(free_.find(data));
  if (block.bytes > bytes) insert_free(data + bytes, {block.bytes - bytes, block.uses});
  *uses = std::move(block.uses);
  return data;
}

std::unique_ptr<PooledMemory> MemoryPool::allocate(size_t bytes) {
  return allocate(bytes, false);
}

std::unique_ptr<PooledMemory> MemoryPool::allocate_idle(size_t bytes) {
  return allocate(bytes, true);
}

std::unique_ptr<PooledMemory> MemoryPool::allocate(size_t bytes, bool idle) {
  const size_t capacity = rounded(bytes);
  std::vector<QueueUse> uses;
  std::byte* data = nullptr;
  {
    std::lock_guard lock(mutex_);
    data = take_free(capacity, idle, &uses);
    if (data) {
      ++stats_.reused;
    } else {
      const size_t chunk = std::max(capacity, chunk_bytes_);
      data = source_->take(chunk);
      if (!data && trim()) data = source_->take(chunk);
      if (!data)
        fail(ErrorCode::out_of_memory,
             "device: no memory for a tensor of {} bytes; a smaller batch or sequence needs less", bytes);
      chunks_.emplace(data, chunk);
      if (chunk > capacity) insert_free(data + capacity, {chunk - capacity, {}});
      ++stats_.created;
      stats_.bytes_created += static_cast<int64_t>(chunk);
    }
    stats_.live_bytes += static_cast<int64_t>(capacity);
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.live_bytes);
  }
  return std::make_unique<PooledMemory>(data, capacity, shared_from_this(), std::move(uses));
}

bool MemoryPool::trim() {
  if (observer_) return false;  // its pending work may still use what is free
  bool any = false;
  for (auto block = free_.begin(); block != free_.end();) {
    const auto next = std::next(block);
    const auto chunk = chunks_.find(block->first);
    if (chunk != chunks_.end() && chunk->second == block->second.bytes &&
        std::ranges::all_of(block->second.uses, &QueueUse::finished)) {
      source_->give_back(chunk->first, chunk->second);
      chunks_.erase(chunk);
      erase_free(block);
      any = true;
    }
    block = next;
  }
  return any;
}

void MemoryPool::observe(ReleaseObserver* observer) {
  std::lock_guard lock(mutex_);
  observer_ = observer;
}

MemoryPool::Stats MemoryPool::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void MemoryPool::release(std::byte* data, size_t bytes, std::vector<QueueUse> uses) {
  FreeBlock whole{0, {}};
  {
    std::lock_guard lock(mutex_);
    if (observer_) observer_->on_release(data, bytes, uses);
    stats_.live_bytes -= static_cast<int64_t>(bytes);
    FreeBlock block{bytes, std::move(uses)};
    // Join free neighbours of the same chunk. Without splitting there are none: a block is a chunk.
    const auto chunk = std::prev(chunks_.upper_bound(data));
    if (const auto next = free_.find(data + bytes); next != free_.end() && next->first < chunk->first + chunk->second) {
      FreeBlock after = erase_free(next);
      block = {block.bytes + after.bytes, joined(std::move(block.uses), std::move(after.uses))};
    }
    if (const auto next = free_.lower_bound(data); next != free_.begin()) {
      const auto previous = std::prev(next);
      if (previous->first >= chunk->first && previous->first + previous->second.bytes == data) {
        data = previous->first;
        FreeBlock before = erase_free(previous);
        block = {before.bytes + block.bytes, joined(std::move(before.uses), std::move(block.uses))};
      }
    }
    // With an observer (deferred stream) its pending work may still use the memory, so it stays whatever the bound.
    if (observer_ || block.bytes < chunk->second || cached_bytes_ + block.bytes <= max_cached_bytes_) {
      insert_free(data, std::move(block));
      return;
    }
    chunks_.erase(chunk);
    whole = std::move(block);
  }
  wait_for_all(whole.uses);
  source_->give_back(data, whole.bytes);
}

}  // namespace temper
