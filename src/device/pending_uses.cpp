#include "device/pending_uses.h"

#include <algorithm>

namespace temper {

bool QueueUse::finished() const {
  return queue->done(std::max(last_read, last_write));
}

void QueueUse::wait() const {
  queue->wait(std::max(last_read, last_write));
}

std::vector<QueueUse> joined(std::vector<QueueUse> uses, std::vector<QueueUse> more) {
  for (QueueUse& use : more) {
    const auto found = std::ranges::find(uses, use.queue, &QueueUse::queue);
    if (found == uses.end()) {
      uses.push_back(std::move(use));
    } else {
      found->last_read = std::max(found->last_read, use.last_read);
      found->last_write = std::max(found->last_write, use.last_write);
    }
  }
  return uses;
}

void PendingUses::note(const std::shared_ptr<WorkQueue>& queue, uint64_t batch, bool write) {
  std::lock_guard lock(mutex_);
  std::erase_if(uses_, [&](const QueueUse& use) { return use.queue != queue && use.finished(); });
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
  std::erase_if(uses_, [](const QueueUse& use) { return use.finished(); });
  any_.store(false, std::memory_order_release);
  return std::move(uses_);
}

}  // namespace temper
