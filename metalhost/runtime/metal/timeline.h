// The value behind an event: queues and the program signal it and wait for it.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace metalhost {

// For each queue (by id), the position up to which its command buffers are known to be done first.
using Clock = std::map<uint64_t, uint64_t>;
void merge(Clock& into, const Clock& other);

class Timeline {
 public:
  uint64_t value() const;
  // False when the value would go down.
  bool signal(uint64_t value);
  // False after the timeout.
  bool wait(uint64_t value, uint64_t timeout_ms);
  // Runs once the value is reached, on the thread that signals; at once if it already is.
  void when_reached(uint64_t value, std::function<void()> action);

  // What is known to be done before a wait for `value` returns; nothing if no committed command buffer signals it.
  void record_order(uint64_t value, Clock clock);
  std::optional<Clock> order_at(uint64_t value) const;
  // Whether a committed command buffer or the program has signalled, or will signal, this value.
  uint64_t highest_promised() const;
  void promise(uint64_t value);

 private:
  mutable std::mutex mutex_;
  std::condition_variable reached_;
  uint64_t value_ = 0;
  uint64_t promised_ = 0;
  std::map<uint64_t, Clock> order_;
  std::multimap<uint64_t, std::function<void()>> actions_;
};

}  // namespace metalhost
