#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>

namespace temper {
namespace {

TEST(ThreadPool, CallsEverySliceOnce) {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int64_t slices : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(slices));
      pool.run(slices, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, ManySmallJobsFollowEachOther) {
  ThreadPool pool(4);
  std::atomic<int64_t> total = 0;
  for (int job = 0; job < 3000; ++job) pool.run(4, [&](int64_t i) { total += i; });
  EXPECT_EQ(total, 3000 * 6);
}

TEST(ThreadPool, JobsOfDifferentSizesDontMix) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> calls(64);
  for (int job = 0; job < 20000; ++job) {
    const int64_t slices = 2 + job * 7 % 61;
    pool.run(slices, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
    for (int64_t i = 0; i < slices; ++i) ASSERT_EQ(calls[static_cast<size_t>(i)].exchange(0), 1) << job << ", " << i;
  }
}

// Sixty workers on a few cores: nearly all of them are kept from running. A job that heard from each of them took 3 ms;
// it needs the threads that have a slice of it only.
TEST(ThreadPool, AJobDoesNotWaitForThreadsThatDoNotRun) {
  ThreadPool pool(61);
  std::atomic<int64_t> total = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int job = 0; job < 5000; ++job) pool.run(2, [&](int64_t i) { total += i; });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(total, 5000);
  EXPECT_LT(seconds.count() / 5000, 200e-6);
}

TEST(ThreadPool, AnExceptionIsRethrownAndThePoolGoesOn) {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> calls = 0;
    EXPECT_THROW(pool.run(1000,
                          [&](int64_t i) {
                            ++calls;
                            if (i == 3) throw std::runtime_error("slice 3");
                            std::this_thread::sleep_for(std::chrono::microseconds(100));
                          }),
                 std::runtime_error);
    EXPECT_LT(calls, 1000) << "slices after the exception are skipped";
  }
  std::atomic<int> calls = 0;
  pool.run(10, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 10);
}

TEST(ThreadPool, AnExceptionOfTheOnlyThreadIsRethrown) {
  ThreadPool pool(1);
  EXPECT_THROW(pool.run(3, [](int64_t) { throw std::runtime_error("slice"); }), std::runtime_error);
}

TEST(ThreadPool, NestedCallsRunTheirSlicesInTurn) {
  ThreadPool pool(4);
  std::atomic<int> calls = 0;
  pool.run(8, [&](int64_t) { pool.run(8, [&](int64_t) { pool.run(2, [&](int64_t) { ++calls; }); }); });
  EXPECT_EQ(calls, 128);
}

TEST(ThreadPool, SeveralThreadsMayCallAtOnce) {
  ThreadPool pool(3);
  std::atomic<int64_t> total = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int job = 0; job < 200; ++job) pool.run(5, [&](int64_t i) { total += i + 1; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 200 * 15);
}

TEST(ThreadPool, SlicesThatRunAtOnceHaveDifferentThreads) {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<int>> busy(static_cast<size_t>(threads));
    std::atomic<int> clashes = 0;
    for (int job = 0; job < 50; ++job)
      pool.run(40, [&](int64_t, int thread) {
        ASSERT_TRUE(thread >= 0 && thread < threads);
        if (busy[static_cast<size_t>(thread)].fetch_add(1) != 0) ++clashes;
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --busy[static_cast<size_t>(thread)];
      });
    EXPECT_EQ(clashes, 0);
  }
}

TEST(ThreadPool, EachOfSeveralCallersIsAThreadOfItsOwnRun) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int> clashes = 0;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      std::array<std::atomic<int>, 3> busy{};
      for (int job = 0; job < 100; ++job)
        pool.run(5, [&](int64_t, int thread) {
          if (busy.at(static_cast<size_t>(thread)).fetch_add(1) != 0) ++clashes;
          std::this_thread::yield();
          --busy.at(static_cast<size_t>(thread));
        });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(clashes, 0);
}

TEST(ParallelFor, SlicesDependOnTheSizeOnly) {
  const auto slices_with = [](int threads, int64_t n, int64_t grain) {
    ThreadPool pool(threads);
    std::mutex mutex;
    std::vector<std::pair<int64_t, int64_t>> slices;
    parallel_for(pool, n, grain, [&](int64_t begin, int64_t end) {
      std::lock_guard lock(mutex);
      slices.emplace_back(begin, end);
    });
    std::ranges::sort(slices);
    return slices;
  };
  for (const int64_t n : {0, 1, 10, 1000, 100000})
    for (const int64_t grain : {1, 7, 4096}) {
      const auto slices = slices_with(1, n, grain);
      EXPECT_EQ(slices, slices_with(4, n, grain));
      int64_t at = 0;
      for (const auto& [begin, end] : slices) {
        EXPECT_EQ(begin, at);
        EXPECT_TRUE(end == n || end - begin >= grain);
        at = end;
      }
      EXPECT_EQ(at, n);
    }
}

}  // namespace
}  // namespace temper
