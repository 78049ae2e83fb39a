#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/fail.h"

namespace temper {
namespace {

using Clock = std::chrono::steady_clock;

// Kernels follow each other within microseconds: a worker looks for the next one this long before it sleeps, and a
// caller for the end of the last slice before it leaves its core to another thread.
constexpr std::chrono::microseconds kWorkerSpins{100}, kCallerSpins{20};
// Looks between two glances at the clock.
constexpr int kLooks = 32;

constexpr uint64_t kSliceMask = 0xffffffff;
constexpr int64_t slice_of(uint64_t next) {
  return static_cast<int64_t>(next & kSliceMask);
}

// A property of the thread, not of a pool or a caller: whether a call of run() comes from inside a slice.
thread_local bool inside_slice = false;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Looks until ready() or for as long as `limit`; returns whether it is ready.
template <class F>
bool spin_until(std::chrono::microseconds limit, F&& ready) {
  if (ready()) return true;
  for (const Clock::time_point end = Clock::now() + limit;;) {
    for (int i = 0; i < kLooks; ++i) {
      if (ready()) return true;
      pause_briefly();
    }
    if (Clock::now() >= end) return false;
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int worker = 1; worker < threads; ++worker) workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

bool ThreadPool::has_slices() const {
  return slice_of(next_.load()) < slices_.load(std::memory_order_relaxed);
}

bool ThreadPool::take_slice(int thread) {
  uint64_t next = next_.load(std::memory_order_acquire);
  for (;;) {
    // Acquired: if they are those of a later job, `next_` is known to be later too.
    const Slice* slice = slice_.load(std::memory_order_acquire);
    const int64_t i = slice_of(next);
    if (i >= slices_.load(std::memory_order_acquire)) return false;
    // Succeeds only if no slice was taken since, so the job is the one that the members above belong to.
    if (!next_.compare_exchange_weak(next, next + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    call(*slice, i, thread);
    finished_.fetch_add(1, std::memory_order_release);
    return true;
  }
}

void ThreadPool::call(const Slice& slice, int64_t i, int thread) {
  if (failed_.load(std::memory_order_relaxed)) return;
  inside_slice = true;
  try {
    slice(i, thread);
  } catch (...) {
    std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
    failed_.store(true, std::memory_order_relaxed);
  }
  inside_slice = false;
}

void ThreadPool::sleep_until_called() {
  std::unique_lock lock(mutex_);
  // Either the caller sees this sleeper, or this sleeper sees the caller's slices: both operations are ordered.
  ++sleepers_;
  wake_.wait(lock, [&] { return stop_ || has_slices(); });
  --sleepers_;
}

void ThreadPool::work(int thread) {
  while (!stop_) {
    if (take_slice(thread)) continue;
    if (!spin_until(kWorkerSpins, [&] { return has_slices() || stop_; })) sleep_until_called();
  }
}

void ThreadPool::run(int64_t slices, FunctionRef<void(int64_t)> slice) {
  run_slices(slices, [&](int64_t i, int) { slice(i); });
}

void ThreadPool::run(int64_t slices, FunctionRef<void(int64_t, int)> slice) {
  TEMPER_ASSERT(!inside_slice);
  run_slices(slices, slice);
}

void ThreadPool::run_slices(int64_t slices, Slice slice) {
  if (slices <= 0) return;
  std::unique_lock caller(caller_, std::defer_lock);
  if (slices == 1 || workers_.empty() || inside_slice || slices >= slice_of(kSliceMask) || !caller.try_lock()) {
    for (int64_t i = 0; i < slices; ++i) slice(i, 0);
    return;
  }
  const uint64_t job = (next_.load(std::memory_order_relaxed) & ~kSliceMask) + kSliceMask + 1;
  next_.store(job | kSliceMask);
  finished_.store(0, std::memory_order_relaxed);
  failed_.store(false, std::memory_order_relaxed);
  slice_.store(&slice, std::memory_order_release);
  slices_.store(slices, std::memory_order_release);
  next_.store(job);
  if (sleepers_ > 0) {
    std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  while (take_slice(0)) {
  }
  const auto done = [&] { return finished_.load(std::memory_order_acquire) == slices; };
  while (!spin_until(kCallerSpins, done)) std::this_thread::yield();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

namespace {

/// 64 slices at most: enough to balance any plausible number of cores, and a boundary that depends on n only.
int64_t items_per_slice(int64_t n, int64_t grain) {
  return std::max(grain, (n + 63) / 64);
}

int64_t slice_count(int64_t n, int64_t step) {
  return step > 0 ? (n + step - 1) / step : 0;
}

}  // namespace

void parallel_for(ThreadPool& pool, int64_t n, int64_t grain, FunctionRef<void(int64_t, int64_t)> body) {
  const int64_t step = items_per_slice(n, grain);
  pool.run(slice_count(n, step), [&](int64_t i) { body(i * step, std::min(n, (i + 1) * step)); });
}

void parallel_for(ThreadPool& pool, int64_t n, int64_t grain, FunctionRef<void(int64_t, int64_t, int)> body) {
  const int64_t step = items_per_slice(n, grain);
  pool.run(slice_count(n, step), [&](int64_t i, int thread) { body(i * step, std::min(n, (i + 1) * step), thread); });
}

}  // namespace temper
