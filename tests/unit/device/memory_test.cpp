#include "device/cpu/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "unit/device/launches.h"

namespace temper::cpu {
namespace {

TEST(MemoryPool, HandsReleasedMemoryOutAgain) {
  const auto pool = make_pool();
  const std::byte* first = pool->allocate(1000)->data();
  EXPECT_EQ(pool->allocate(1000)->data(), first);
  EXPECT_EQ(pool->stats().created, 1);
  EXPECT_EQ(pool->stats().reused, 1);
}

// Chunks of no size of their own: every allocation comes from the system alone.
constexpr size_t kUnsplit = 0;

TEST(MemoryPool, SizesAreRoundedToTheAlignment) {
  const auto pool = make_pool(MemoryPool::kMaxCachedBytes, kUnsplit);
  for (const int64_t bytes : {256, 257, 1000, 1025, 4097, 70001, (1 << 20) + 1}) {
    const int64_t before = pool->stats().bytes_created;
    const auto memory = pool->allocate(static_cast<size_t>(bytes));
    const int64_t taken = pool->stats().bytes_created - before;
    EXPECT_GE(taken, bytes);
    EXPECT_LT(taken, bytes + static_cast<int64_t>(MemoryPool::kAlignment));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % MemoryPool::kAlignment, 0u);
  }
}

TEST(MemoryPool, StepsOfVaryingSizesLiveInTheSameMemory) {
  const auto pool = make_pool(MemoryPool::kMaxCachedBytes, size_t{1} << 20);
  // 100 steps of up to 900 kB in blocks of sizes that never repeat: chunks must be split and joined again.
  for (size_t step = 0; step < 100; ++step) {
    std::vector<std::unique_ptr<PooledMemory>> live;
    for (size_t i = 0; i < 9; ++i) live.push_back(pool->allocate(100'000 - 997 * step - i));
    // Released in another order than taken.
    for (const size_t i : {4, 0, 8, 2, 6, 1, 3, 7, 5}) live[i].reset();
  }
  EXPECT_EQ(pool->stats().created, 1);
}

TEST(MemoryPool, LiveBlocksNeverOverlap) {
  const auto pool = make_pool(MemoryPool::kMaxCachedBytes, size_t{1} << 16);
  std::vector<std::pair<std::unique_ptr<PooledMemory>, size_t>> live;
  uint32_t state = 1;
  const auto next = [&](uint32_t bound) { return (state = state * 1664525u + 1013904223u) / 65536u % bound; };
  for (int i = 0; i < 3000; ++i) {
    if (live.size() > 20 || (!live.empty() && next(2) == 0)) {
      auto& [memory, bytes] = live[next(static_cast<uint32_t>(live.size()))];
      const auto value = static_cast<std::byte>(bytes % 251);
      for (size_t b = 0; b < bytes; ++b) ASSERT_EQ(memory->data()[b], value);
      std::swap(live.back(), *std::ranges::find_if(live, [&](auto& l) { return &l.first == &memory; }));
      live.pop_back();
    } else {
      const size_t bytes = 1 + next(20000);
      live.emplace_back(pool->allocate(bytes), bytes);
      std::fill_n(live.back().first->data(), bytes, static_cast<std::byte>(bytes % 251));
    }
  }
}

TEST(MemoryPool, NothingIsAValidSize) {
  const auto pool = make_pool();
  EXPECT_NE(pool->allocate(0)->data(), nullptr);
}

TEST(MemoryPool, TheCacheIsBounded) {
  const auto pool = make_pool(4096, kUnsplit);
  { const auto a = pool->allocate(4096), b = pool->allocate(4096); }
  const auto a = pool->allocate(4096), b = pool->allocate(4096);
  EXPECT_EQ(pool->stats().reused, 1) << "of two blocks released one fits into the bound";
  EXPECT_EQ(pool->stats().created, 3);
}

TEST(MemoryPool, CountsLiveAndPeakBytes) {
  const auto pool = make_pool();
  {
    const auto a = pool->allocate(1024), b = pool->allocate(2048);
    EXPECT_EQ(pool->stats().live_bytes, 3072);
  }
  EXPECT_EQ(pool->stats().live_bytes, 0);
  EXPECT_EQ(pool->stats().peak_bytes, 3072);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEMPER_SANITIZED_ALLOCATOR
#endif
#endif

TEST(MemoryPool, MemoryItCannotGetIsAnError) {
#ifdef TEMPER_SANITIZED_ALLOCATOR
  GTEST_SKIP() << "the sanitizer's allocator ends the process instead of returning null";
#endif
  const auto pool = make_pool();
  try {
    pool->allocate(size_t{1} << 60);
    FAIL() << "an exabyte was allocated";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
  }
  EXPECT_EQ(pool->stats().live_bytes, 0);
}

TEST(MemoryPool, TheLastReferenceMayBeDroppedOnAnotherThread) {
  Context ctx(open_backend({}), {.deferred = true});
  for (int i = 0; i < 200; ++i) {
    Tensor x = plus(ctx, vector_of(ctx, {1}), 1);
    std::thread([tensor = std::move(x)]() mutable { tensor = Tensor(); }).join();
  }
  ctx.stream().synchronize();
  // Memory that pending work uses isn't lost: the same sizes come from the pool now.
  const int64_t created = ctx.counters().buffers_created;
  for (int i = 0; i < 200; ++i) plus(ctx, vector_of(ctx, {1}), 1);
  EXPECT_EQ(ctx.counters().buffers_created, created);
}

TEST(MemoryPool, MemoryMayOutliveItsStream) {
  Tensor x;
  {
    Context ctx(open_backend({}), {.deferred = true});
    x = plus(ctx, vector_of(ctx, {1, 2}), 1);
  }
  Context ctx(open_backend({}));
  EXPECT_EQ(read<float>(ctx, x), (std::vector<float>{2, 3}));
}

}  // namespace
}  // namespace temper::cpu
