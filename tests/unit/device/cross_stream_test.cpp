// Tensors that go from one stream to another while work on them is still pending.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
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

const std::string kFault = "faulty(f32[64]): the number is wrong";

/// Fails, slowly enough to lose any race.
Tensor slow_fault(Context& ctx) {
  return launch(ctx, "faulty", {counting(ctx, 0)}, kCount, [](const auto& in, float* out, int64_t n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    throw_numeric(in, out, n);
  });
}

TEST_P(CrossStream, WorkThatDependsOnAFailureOfTheOtherStreamIsSkippedAndNamesIt) {
  const Tensor bad = slow_fault(a_);
  std::atomic<int> ran = 0;
  const auto count = [&](const auto&, float* out, int64_t n) { ++ran, std::fill_n(out, n, 0.0f); };
  const Tensor first = launch(b_, "dependant", {bad}, kCount, count);
  const Tensor second = launch(b_, "next", {first}, kCount, count);
  const Tensor independent = plus(b_, counting(b_, 0), 1);
  EXPECT_EQ(message_of_read(b_, second), "dependant(f32[64]) was skipped, its input was not computed: " + kFault);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(read<float>(b_, independent), counting_from(1)) << "the stream is usable again";
  EXPECT_EQ(message_of_read(a_, bad), kFault) << "the error of the first stream is still its own";
  EXPECT_EQ(read<float>(a_, counting(a_, 3)), counting_from(3));
}

TEST_P(CrossStream, AFailedTensorCannotBeReadOnTheOtherStream) {
  const Tensor bad = slow_fault(a_);
  EXPECT_EQ(message_of_read(b_, bad), "read: the value was not computed: " + kFault);
  EXPECT_THROW(a_.stream().synchronize(), Error);
  EXPECT_NO_THROW(b_.stream().synchronize());
}

TEST_P(CrossStream, TheFailureIsSeenAfterItsOwnStreamHasThrownIt) {
  const Tensor bad = slow_fault(a_);
  EXPECT_THROW(a_.stream().synchronize(), Error);
  EXPECT_EQ(message_of_read(b_, plus(b_, bad, 1)), "plus(f32[64]) was skipped, its input was not computed: " + kFault);
}

TEST_P(CrossStream, AFailureGoesThereAndBack) {
  const Tensor bad = slow_fault(a_);
  const Tensor there = plus(b_, bad, 1);
  const Tensor back = plus(a_, there, 1);
  EXPECT_EQ(message_of_read(a_, back), kFault) << "the first error of the stream";
  EXPECT_NE(message_of_read(b_, there).find(kFault), std::string::npos);
}

TEST_P(CrossStream, AFailedTensorWrittenOnTheOtherStreamIsSoundAgain) {
  const Tensor bad = slow_fault(a_);
  overwrite(b_, bad, 2);
  EXPECT_EQ(read<float>(b_, bad), std::vector<float>(kCount, 2.0f));
  EXPECT_EQ(message_of_read(a_, bad), kFault);
  EXPECT_EQ(read<float>(a_, bad), std::vector<float>(kCount, 2.0f));
}

TEST_P(CrossStream, MemoryOfAFailedTensorIsSoundForItsNextOwner) {
  Tensor bad = slow_fault(a_);
  bad = Tensor();
  const Tensor next = counting(a_, 5);
  EXPECT_EQ(read<float>(b_, plus(b_, next, 1)), counting_from(6));
  EXPECT_THROW(a_.stream().synchronize(), Error);
}

const std::string kDataFault = "faulty(f32[64]): 0 at 0 is wrong";

/// Finds its data wrong, slowly enough to lose any race.
Tensor slow_data_fault(Context& ctx) {
  return faulty(ctx, "faulty", {slow_plus(ctx, counting(ctx, 0), 1)}, kCount);
}

TEST_P(CrossStream, WorkThatDependsOnAFaultOfTheOtherStreamRunsAndNamesIt) {
  const Tensor bad = slow_data_fault(a_);
  std::atomic<int> ran = 0;
  const auto count = [&](const auto& in, float* out, int64_t n) { ++ran, std::copy_n(in[0], n, out); };
  const Tensor first = launch(b_, "dependant", {bad}, kCount, count);
  const Tensor second = launch(b_, "next", {first}, kCount, count);
  const Tensor independent = plus(b_, counting(b_, 0), 1);
  EXPECT_EQ(message_of_read(b_, second), "dependant(f32[64]) has no result, its input was not computed: " + kDataFault);
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(data_of<const float>(operand(second))[7], 0.0f);
  EXPECT_EQ(read<float>(b_, independent), counting_from(1)) << "the stream is usable again";
  EXPECT_EQ(message_of_read(a_, bad), kDataFault) << "the error of the first stream is still its own";
  EXPECT_EQ(read<float>(a_, counting(a_, 3)), counting_from(3));
}

TEST_P(CrossStream, AFaultyTensorCannotBeReadOnTheOtherStream) {
  const Tensor bad = slow_data_fault(a_);
  EXPECT_EQ(message_of_read(b_, bad), "read: the value was not computed: " + kDataFault);
  EXPECT_NO_THROW(b_.stream().synchronize());
  EXPECT_THROW(a_.stream().synchronize(), Error);
  EXPECT_EQ(message_of_read(b_, plus(b_, bad, 1)),
            "plus(f32[64]) has no result, its input was not computed: " + kDataFault)
      << "also after its own stream has thrown it";
}

TEST_P(CrossStream, AFaultyTensorWrittenOnTheOtherStreamIsSoundAgain) {
  const Tensor bad = slow_data_fault(a_);
  overwrite(b_, bad, 2);
  EXPECT_EQ(read<float>(b_, bad), std::vector<float>(kCount, 2.0f));
  EXPECT_EQ(message_of_read(a_, bad), kDataFault);
  EXPECT_EQ(read<float>(a_, bad), std::vector<float>(kCount, 2.0f));
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
