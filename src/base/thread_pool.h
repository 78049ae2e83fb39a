#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace temper {

/// A non-owning reference to a callable, valid during the call it is passed to.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
      FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(static_cast<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, static_cast<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// Fork-join workers for kernels. The caller cuts the work into slices whose boundaries depend on the shape only, so a
/// result never depends on the number of threads; slices are handed out in order to whichever thread is free.
/// An exception thrown by a slice is rethrown by run() after all threads have stopped; the remaining slices are
/// skipped. A call from inside a slice, or while another thread's call is running, runs its slices in turn.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Calls slice(i) for every i in [0, slices).
  void run(int64_t slices, FunctionRef<void(int64_t slice)> slice);
  /// The same, and tells the slice its thread: 0 (the caller) to threads() - 1; slices that run at the same time have
  /// different ones. Not from inside a slice, whose thread's number the new slices couldn't know.
  void run(int64_t slices, FunctionRef<void(int64_t slice, int thread)> slice);

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

 private:
  using Slice = FunctionRef<void(int64_t slice, int thread)>;

  void work(int thread);
  bool take_slice(int thread);
  void call(const Slice& slice, int64_t i, int thread);
  void run_slices(int64_t slices, Slice slice);
  bool has_slices() const;
  void sleep_until_called();

  std::vector<std::thread> workers_;
  std::mutex caller_;  // held by the thread whose run() uses the workers

  // The job at hand. `next_` has its number in the upper half and its next slice in the lower one: a thread takes a
  // slice by counting it up, which fails if the job has ended meanwhile. So a job waits for the threads that have
  // slices of it, not for those that the system keeps from running. The other members change only while `next_` is
  // past all slices, of a number that no thread has seen before.
  alignas(64) std::atomic<uint64_t> next_ = 0;
  std::atomic<const Slice*> slice_ = nullptr;
  std::atomic<int64_t> slices_ = 0;
  alignas(64) std::atomic<int64_t> finished_ = 0;  // slices of the job
  alignas(64) std::atomic<int> sleepers_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> failed_ = false;
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

/// Cuts [0, n) into slices of at least `grain` items and calls body(begin, end) on each, in parallel.
void parallel_for(ThreadPool& pool, int64_t n, int64_t grain, FunctionRef<void(int64_t begin, int64_t end)> body);
/// The same with the number of the slice's thread, as ThreadPool::run gives it.
void parallel_for(ThreadPool& pool, int64_t n, int64_t grain,
                  FunctionRef<void(int64_t begin, int64_t end, int thread)> body);

}  // namespace temper
