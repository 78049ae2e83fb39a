#include "device/cpu/memory.h"

#include <gtest/gtest.h>

#include <thread>

#include "unit/device/launches.h"

namespace temper::cpu {
namespace {

TEST(MemoryPool, HandsReleasedMemoryOutAgain) {
  const auto pool = std::make_shared<MemoryPool>();
  const std::byte* first = pool->allocate(1000)->data();
  EXPECT_EQ(pool->allocate(1000)->data(), first);
  EXPECT_EQ(pool->stats().created, 1);
  EXPECT_EQ(pool->stats().reused, 1);
}

TEST(MemoryPool, SizesAreRoundedByAnEighthAtMost) {
  const auto pool = std::make_shared<MemoryPool>();
  for (const int64_t bytes : {256, 257, 1000, 1025, 4097, 70001, (1 << 20) + 1}) {
    const int64_t before = pool->stats().bytes_created;
    const auto memory = pool->allocate(static_cast<size_t>(bytes));
    const int64_t taken = pool->stats().bytes_created - before;
    EXPECT_GE(taken, bytes);
    EXPECT_LE(taken, bytes + bytes / 8 + 1);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % MemoryPool::kAlignment, 0u);
  }
}

TEST(MemoryPool, NothingIsAValidSize) {
  const auto pool = std::make_shared<MemoryPool>();
  EXPECT_NE(pool->allocate(0)->data(), nullptr);
}

TEST(MemoryPool, TheCacheIsBounded) {
  const auto pool = std::make_shared<MemoryPool>(4096);
  { const auto a = pool->allocate(4096), b = pool->allocate(4096); }
  const auto a = pool->allocate(4096), b = pool->allocate(4096);
  EXPECT_EQ(pool->stats().reused, 1) << "of two blocks released one fits into the bound";
  EXPECT_EQ(pool->stats().created, 3);
}

TEST(MemoryPool, CountsLiveAndPeakBytes) {
  const auto pool = std::make_shared<MemoryPool>();
  {
    const auto a = pool->allocate(1024), b = pool->allocate(2048);
    EXPECT_EQ(pool->stats().live_bytes, 3072);
  }
  EXPECT_EQ(pool->stats().live_bytes, 0);
  EXPECT_EQ(pool->stats().peak_bytes, 3072);
}

TEST(MemoryPool, MemoryItCannotGetIsAnError) {
  const auto pool = std::make_shared<MemoryPool>();
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
