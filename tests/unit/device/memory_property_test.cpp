// The memory pool under arbitrary sequences of requests and releases.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>

#include "device/cpu/memory.h"
#include "support/property.h"

namespace temper::cpu {
namespace {

using testing::expect_property;
using testing::pick;

constexpr size_t kChunk = 1 << 16;

/// Chunks of one arena, side by side so that a pool that forgot their borders would join them; a record of what is out.
class ArenaChunks final : public ChunkSource {
 public:
  explicit ArenaChunks(std::map<std::byte*, size_t>& out, size_t limit = SIZE_MAX)
      : out_(out), limit_(limit), arena_(std::make_unique<std::byte[]>(kBytes + MemoryPool::kAlignment)) {}

  std::byte* take(size_t bytes) override {
    void* start = arena_.get();
    size_t space = kBytes + MemoryPool::kAlignment;
    auto* at = static_cast<std::byte*>(std::align(MemoryPool::kAlignment, kBytes, start, space));
    const std::byte* end = at + kBytes;
    size_t total = bytes;
    for (const auto& [chunk, size] : out_) total += size;
    for (const auto& [chunk, size] : out_) {
      if (at + bytes <= chunk) break;
      at = chunk + size;
    }
    if (total > limit_ || at + bytes > end) return nullptr;
    out_.emplace(at, bytes);
    return at;
  }
  void give_back(std::byte* chunk, size_t bytes) override {
    EXPECT_EQ(out_.at(chunk), bytes);
    out_.erase(chunk);
  }

 private:
  static constexpr size_t kBytes = 64 * kChunk;
  std::map<std::byte*, size_t>& out_;
  size_t limit_;
  std::unique_ptr<std::byte[]> arena_;
};

struct Live {
  std::unique_ptr<PooledMemory> memory;
  size_t bytes;
  unsigned char mark;
};

bool holds_its_mark(const Live& live) {
  const std::byte* data = live.memory->data();
  return std::all_of(data, data + live.bytes, [&](std::byte b) { return b == std::byte{live.mark}; });
}

TEST(MemoryPoolProperty, BlocksAreAlignedApartAndAllFound) {
  expect_property([] {
    std::map<std::byte*, size_t> chunks;
    const size_t max_cached = pick<size_t>(0, 3) * kChunk;
    auto pool = std::make_shared<MemoryPool>(std::make_unique<ArenaChunks>(chunks), max_cached, kChunk);
    std::vector<Live> live;
    int64_t taken = 0, peak = 0, requests = 0;
    for (int i = pick(1, 150); i > 0; --i) {
      if (!live.empty() && pick(0, 2) == 0) {
        const auto at = live.begin() + pick<std::ptrdiff_t>(0, std::ssize(live) - 1);
        RC_ASSERT(holds_its_mark(*at));
        const int64_t before = pool->stats().live_bytes;
        const auto bytes = static_cast<int64_t>(at->bytes);
        live.erase(at);
        const int64_t given_back = before - pool->stats().live_bytes;
        RC_ASSERT(given_back >= bytes);
        taken -= given_back;
      } else {
        const auto bytes = pick<size_t>(0, pick(0, 19) == 0 ? 2 * kChunk : 9000);
        live.push_back({pool->allocate(bytes), bytes, static_cast<unsigned char>(i)});
        std::memset(live.back().memory->data(), i, bytes);
        RC_ASSERT(reinterpret_cast<uintptr_t>(live.back().memory->data()) % MemoryPool::kAlignment == 0);
        taken = pool->stats().live_bytes;
        peak = std::max(peak, taken);
        ++requests;
      }
      const MemoryPool::Stats stats = pool->stats();
      RC_ASSERT(stats.live_bytes == taken && stats.peak_bytes == peak);
      RC_ASSERT(stats.created + stats.reused == requests);
      RC_ASSERT(stats.bytes_created >= stats.live_bytes);
      for (const Live& one : live) {
        const std::byte *begin = one.memory->data(), *end = begin + one.bytes;
        RC_ASSERT(std::ranges::any_of(
            chunks, [&](const auto& chunk) { return chunk.first <= begin && end <= chunk.first + chunk.second; }));
      }
    }
    for (const Live& one : live) RC_ASSERT(holds_its_mark(one));
    live.clear();
    RC_ASSERT(pool->stats().live_bytes == 0);
    // Everything was joined again: what is cached are whole chunks, and within the bound.
    size_t cached = 0;
    for (const auto& [chunk, bytes] : chunks) cached += bytes;
    RC_ASSERT(cached <= max_cached);
    std::vector<std::unique_ptr<PooledMemory>> whole;
    const int64_t created = pool->stats().created;
    for (size_t i = 0; i < chunks.size(); ++i) whole.push_back(pool->allocate(kChunk));
    RC_ASSERT(pool->stats().created == created);
    whole.clear();
    pool.reset();
    RC_ASSERT(chunks.empty());
  });
}

TEST(MemoryPoolProperty, TheSameStepNeedsNothingNew) {
  expect_property([] {
    const auto pool = make_pool(MemoryPool::kMaxCachedBytes, kChunk);
    // A step: requests and releases in a fixed order, as a training step makes them.
    struct Action {
      bool request;
      size_t value;  // bytes, or which of the live blocks
    };
    std::vector<Action> step;
    size_t live = 0;
    for (int i = pick(1, 80); i > 0; --i) {
      const bool request = live == 0 || pick(0, 2) > 0;
      step.push_back({request, request ? pick<size_t>(1, 30000) : pick<size_t>(0, live - 1)});
      live += request ? 1 : static_cast<size_t>(-1);
    }
    int64_t created = 0;
    for (int repeat = 0; repeat < 4; ++repeat) {
      std::vector<std::unique_ptr<PooledMemory>> blocks;
      for (const Action& action : step) {
        if (action.request)
          blocks.push_back(pool->allocate(action.value));
        else
          blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(action.value));
      }
      blocks.clear();
      if (repeat == 0) created = pool->stats().created;
      RC_ASSERT(pool->stats().created == created);
    }
  });
}

TEST(MemoryPoolProperty, AnExhaustedSourceGetsWhatIsFreeBack) {
  expect_property([] {
    std::map<std::byte*, size_t> chunks;
    const auto pool =
        std::make_shared<MemoryPool>(std::make_unique<ArenaChunks>(chunks, 4 * kChunk), 8 * kChunk, kChunk);
    std::unique_ptr<PooledMemory> kept;
    for (int i = pick(1, 20); i > 0; --i) {
      // One block of at most 2 chunks beside a small one that pins a chunk: always possible within 4 chunks.
      const auto block = pool->allocate(pick<size_t>(1, 2 * kChunk));
      if (!kept) kept = pool->allocate(100);
      RC_ASSERT(block->data() != kept->data());
    }
  });
}

}  // namespace
}  // namespace temper::cpu
