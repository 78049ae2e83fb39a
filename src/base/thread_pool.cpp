#include "base/thread_pool.h"

#include <algorithm>
#include <exception>

#include "base/fail.h"

namespace temper {
namespace {

// Kernels follow each other within microseconds; a worker looks for the next one this long before it sleeps.
constexpr int kSpinsBeforeSleep = 4000;

// A property of the thread, not of a pool or a caller: whether a call of run() comes from inside a slice.
thread_local bool inside_slice = false;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

struct ThreadPool::Job {
  FunctionRef<void(int64_t, int)> slice;
  int64_t slices;
  std::atomic<int64_t> next = 0;
  std::mutex error_mutex{};
  std::exception_ptr error{};
};

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

void ThreadPool::take_slices(Job& job, int thread) {
  inside_slice = true;
  for (;;) {
    const int64_t i = job.next.fetch_add(1, std::memory_order_relaxed);
    if (i >= job.slices) break;
    try {
      job.slice(i, thread);
    } catch (...) {
      std::lock_guard lock(job.error_mutex);
      if (!job.error) job.error = std::current_exception();
      job.next.store(job.slices, std::memory_order_relaxed);
    }
  }
  inside_slice = false;
}

void ThreadPool::work(int thread) {
  uint64_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpinsBeforeSleep && generation_.load(std::memory_order_acquire) == seen && !stop_;
         ++spin)
      pause_briefly();
    Job* job = nullptr;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || generation_.load(std::memory_order_relaxed) != seen; });
      if (stop_) return;
      seen = generation_.load(std::memory_order_relaxed);
      job = job_;
    }
    take_slices(*job, thread);
    if (active_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      std::lock_guard lock(mutex_);
      done_.notify_one();
    }
  }
}

void ThreadPool::run(int64_t slices, FunctionRef<void(int64_t)> slice) {
  run_slices(slices, [&](int64_t i, int) { slice(i); });
}

void ThreadPool::run(int64_t slices, FunctionRef<void(int64_t, int)> slice) {
  TEMPER_ASSERT(!inside_slice);
  run_slices(slices, slice);
}

void ThreadPool::run_slices(int64_t slices, FunctionRef<void(int64_t, int)> slice) {
  if (slices <= 0) return;
  std::unique_lock caller(caller_, std::defer_lock);
  if (slices == 1 || workers_.empty() || inside_slice || !caller.try_lock()) {
    for (int64_t i = 0; i < slices; ++i) slice(i, 0);
    return;
  }
  Job job{slice, slices};
  {
    std::lock_guard lock(mutex_);
    job_ = &job;
    active_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  take_slices(job, 0);
  for (int spin = 0; spin < kSpinsBeforeSleep && active_.load(std::memory_order_acquire) != 0; ++spin) pause_briefly();
  if (active_.load(std::memory_order_acquire) != 0) {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return active_.load(std::memory_order_acquire) == 0; });
  } else {
    // The last worker still takes the mutex to notify; job lives on this stack, but only the pool's members are used.
    std::lock_guard lock(mutex_);
  }
  if (job.error) std::rethrow_exception(job.error);
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
