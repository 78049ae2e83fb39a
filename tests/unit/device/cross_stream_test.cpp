// Tensors that go from one stream to another while work on them is still pending.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "unit/device/launches.h"

namespace temper::cpu {
namespace {

constexpr int64_t kCount = 64;

Tensor counting(Context& ctx, float first) {
  std::vector<float> values(kCount);
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return vector_of(ctx, values);
}

std::vector<float> counting_from(float first) {
  std::vector<float> values(kCount);
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return values;
}

/// x + addend, after the work of this launch has been slow enough to lose any race.
Tensor slow_plus(Context& ctx, const Tensor& x, float addend) {
  return launch(ctx, "slow_plus", {x}, x.elements(), [addend](const auto& in, float* out, int64_t n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (int64_t i = 0; i < n; ++i) out[i] = in[0][i] + addend;
  });
}

struct Modes {
  bool a, b;  // deferred?
};

class CrossStream : public testing::TestWithParam<Modes> {
 protected:
  std::shared_ptr<Backend> backend_ = open_backend({}, {.threads = 2});
  Context a_{backend_, {.deferred = GetParam().a, .shuffle_seed = 1}};
  Context b_{backend_, {.deferred = GetParam().b, .shuffle_seed = 2}};
};

TEST_P(CrossStream, AReaderWaitsForTheOtherStreamsWriter) {
  const Tensor x = slow_plus(a_, counting(a_, 0), 1);
  const Tensor y = plus(b_, x, 1);
  EXPECT_EQ(read<float>(b_, y), counting_from(2));
}

TEST_P(CrossStream, ReadWaitsForTheOtherStreamsWriter) {
  const Tensor x = slow_plus(a_, counting(a_, 0), 1);
  EXPECT_EQ(read<float>(b_, x), counting_from(1));
}

TEST_P(CrossStream, AWriterWaitsForTheOtherStreamsReader) {
  const Tensor x = counting(a_, 0);
  const Tensor y = slow_plus(a_, x, 1);
  add_in_place(b_, x, 100);
  EXPECT_EQ(read<float>(a_, y), counting_from(1));
  EXPECT_EQ(read<float>(b_, x), counting_from(100));
}

TEST_P(CrossStream, WritersFollowEachOther) {
  const Tensor x = counting(a_, 0);
  for (int i = 0; i < 10; ++i) add_in_place(i % 2 ? b_ : a_, x, 1);
  EXPECT_EQ(read<float>(b_, x), counting_from(10));
}

TEST_P(CrossStream, MemoryReleasedWhileTheOtherStreamUsesItIsNotOverwritten) {
  Tensor x = counting(a_, 0);
  a_.stream().synchronize();
  const Tensor y = slow_plus(b_, x, 1);
  const std::byte* memory = memory_of(*x.buffer()).data();
  x = Tensor();
  const Tensor z = counting(a_, 500);
  EXPECT_EQ(memory_of(*z.buffer()).data(), memory) << "the test needs the pool to hand the memory out again";
  a_.stream().commit();
  EXPECT_EQ(read<float>(b_, y), counting_from(1));
  EXPECT_EQ(read<float>(a_, z), counting_from(500));
}

TEST_P(CrossStream, AStreamMayEndWhileTheOtherUsesItsMemory) {
  auto owner = std::make_unique<Context>(backend_, StreamOptions{.deferred = GetParam().a});
  Tensor x = slow_plus(*owner, counting(*owner, 0), 1);
  const Tensor y = slow_plus(b_, x, 1);
  x = Tensor();
  owner.reset();
  EXPECT_EQ(read<float>(b_, y), counting_from(2));
}

TEST_P(CrossStream, LongExchangesFinish) {
  Tensor x = counting(a_, 0), y = counting(b_, 0);
  for (int i = 0; i < 50; ++i) {
    Tensor next = plus(a_, y, 1);
    y = plus(b_, x, 1);
    x = next;
  }
  EXPECT_EQ(read<float>(a_, x), counting_from(50));
  EXPECT_EQ(read<float>(b_, y), counting_from(50));
}

/// Hands tensors from one thread to another.
class Channel {
 public:
  void send(Tensor tensor) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !tensor_.defined(); });
    tensor_ = std::move(tensor);
    changed_.notify_all();
  }
  Tensor receive() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tensor_.defined(); });
    Tensor tensor = std::move(tensor_);
    tensor_ = Tensor();
    changed_.notify_all();
    return tensor;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Tensor tensor_;
};

TEST_P(CrossStream, TwoThreadsPassTensorsOn) {
  Channel channel;
  constexpr int kRounds = 100;
  std::thread producer([&] {
    for (int i = 0; i < kRounds; ++i) channel.send(plus(a_, counting(a_, static_cast<float>(i)), 1));
  });
  Tensor total = counting(b_, 0);
  for (int i = 0; i < kRounds; ++i)
    total = launch(b_, "sum", {total, channel.receive()}, kCount, [](const auto& in, float* out, int64_t n) {
      for (int64_t j = 0; j < n; ++j) out[j] = in[0][j] + in[1][j];
    });
  producer.join();
  const auto values = read<float>(b_, total);
  for (int64_t j = 0; j < kCount; ++j)
    EXPECT_EQ(values[static_cast<size_t>(j)], static_cast<float>((kRounds + 1) * j + kRounds * (kRounds + 1) / 2));
}

INSTANTIATE_TEST_SUITE_P(
    Modes, CrossStream, testing::Values(Modes{true, true}, Modes{true, false}, Modes{false, true}, Modes{false, false}),
    [](const auto& info) {
      return std::string(info.param.a ? "deferred" : "immediate") + "_to_" + (info.param.b ? "deferred" : "immediate");
    });

}  // namespace
}  // namespace temper::cpu
