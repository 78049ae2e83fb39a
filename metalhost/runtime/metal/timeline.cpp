#include "runtime/metal/timeline.h"

#include <algorithm>
#include <chrono>

namespace metalhost {

void merge(Clock& into, const Clock& other) {
  for (auto [queue, position] : other) into[queue] = std::max(into[queue], position);
}

uint64_t Timeline::value() const {
  std::lock_guard lock(mutex_);
  return value_;
}

bool Timeline::signal(uint64_t value) {
  std::vector<std::function<void()>> due;
  {
    std::lock_guard lock(mutex_);
    if (value < value_) return false;
    value_ = value;
    promised_ = std::max(promised_, value);
    auto end = actions_.upper_bound(value);
    for (auto action = actions_.begin(); action != end; ++action) due.push_back(std::move(action->second));
    actions_.erase(actions_.begin(), end);
    reached_.notify_all();
  }
  for (auto& action : due) action();
  return true;
}

bool Timeline::wait(uint64_t value, uint64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  return reached_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return value_ >= value; });
}

void Timeline::when_reached(uint64_t value, std::function<void()> action) {
  {
    std::lock_guard lock(mutex_);
    if (value_ < value) {
      actions_.emplace(value, std::move(action));
      return;
    }
  }
  action();
}

void Timeline::record_order(uint64_t value, Clock clock) {
  std::lock_guard lock(mutex_);
  order_[value] = std::move(clock);
  // Waits are for recent values; older ones are done.
  while (order_.size() > 64) order_.erase(order_.begin());
}

std::optional<Clock> Timeline::order_at(uint64_t value) const {
  std::lock_guard lock(mutex_);
  auto entry = order_.lower_bound(value);
  if (entry == order_.end()) return std::nullopt;
  return entry->second;
}

uint64_t Timeline::highest_promised() const {
  std::lock_guard lock(mutex_);
  return promised_;
}

void Timeline::promise(uint64_t value) {
  std::lock_guard lock(mutex_);
  promised_ = std::max(promised_, value);
}

}  // namespace metalhost
