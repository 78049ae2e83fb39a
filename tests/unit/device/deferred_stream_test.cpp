#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>

#include "unit/device/launches.h"

namespace temper::cpu {
namespace {

TEST(DeferredStream, RunsNothingBeforeACommit) {
  Context ctx(open_backend({}), {.deferred = true});
  std::atomic<bool> ran = false;
  const Tensor y = launch(ctx, "mark", {}, 1, [&](const auto&, float* out, int64_t) {
    ran = true;
    *out = 1;
  });
  EXPECT_FALSE(ran);
  EXPECT_EQ(read<float>(ctx, y), std::vector<float>{1});
  EXPECT_TRUE(ran);
}

TEST(DeferredStream, CommitsByItselfAfterEnoughLaunches) {
  Context ctx(open_backend({}), {.deferred = true, .max_batch_launches = 4});
  Tensor x = vector_of(ctx, {0});
  for (int i = 0; i < 10; ++i) x = plus(ctx, x, 1);
  EXPECT_EQ(read<float>(ctx, x), std::vector<float>{10});
  EXPECT_EQ(ctx.counters().commits, 3);  // 11 launches: 4 + 4 + 3
}

TEST(DeferredStream, CommitsByItselfAfterEnoughBytes) {
  Context ctx(open_backend({}), {.deferred = true, .max_batch_bytes = 1000});
  Tensor x = vector_of(ctx, std::vector<float>(50, 0.0f));  // 200 bytes written, then 400 read and written a launch
  for (int i = 0; i < 4; ++i) x = plus(ctx, x, 1);
  EXPECT_EQ(read<float>(ctx, x), std::vector<float>(50, 4.0f));
  EXPECT_EQ(ctx.counters().commits, 2);  // 200 + 400 + 400, then the rest
}

TEST(DeferredStream, IndependentLaunchesHaveNoBarrierAndRunInSeveralOrders) {
  std::set<std::vector<int>> orders;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Context ctx(open_backend({}), {.deferred = true, .shuffle_seed = seed});
    const Tensor x = vector_of(ctx, {1, 2});
    ctx.stream().synchronize();
    const int64_t barriers = ctx.counters().barriers;
    std::vector<int> order;  // only the stream's own thread writes it, before synchronize() returns
    std::vector<Tensor> qkv;
    for (int i = 0; i < 3; ++i)
      qkv.push_back(launch(ctx, "product", {x}, 2, [&order, i](const auto& in, float* out, int64_t n) {
        order.push_back(i);
        std::copy_n(in[0], n, out);
      }));
    EXPECT_EQ(ctx.counters().barriers, barriers);
    ctx.stream().synchronize();
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u) << "all orders of three launches";
}

TEST(DeferredStream, DependentLaunchesKeepTheirOrderInEveryShuffle) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Context ctx(open_backend({}), {.deferred = true, .shuffle_seed = seed});
    Tensor x = vector_of(ctx, {0});
    for (int i = 0; i < 5; ++i) {
      x = plus(ctx, x, 1);
      add_in_place(ctx, x, 2);
    }
    EXPECT_EQ(read<float>(ctx, x), std::vector<float>{15});
  }
}

TEST(DeferredStream, AnOutputThatItsKernelDoesNotWriteIsNaN) {
  Context ctx(open_backend({}), {.deferred = true});
  const Tensor y = launch(ctx, "forgetful", {}, 3, [](const auto&, float* out, int64_t) { out[1] = 5; });
  const auto values = read<float>(ctx, y);
  EXPECT_TRUE(std::isnan(values[0]) && values[1] == 5 && std::isnan(values[2]));
}

TEST(DeferredStream, ReleasedMemoryIsNaN) {
  Context ctx(open_backend({}), {.deferred = true});
  Tensor x = vector_of(ctx, {1, 2});
  ctx.stream().synchronize();
  const float* data = data_of<const float>(operand(x));
  EXPECT_EQ(data[0], 1.0f);
  x = Tensor();
  // A kernel that kept the pointer past the release sees the poison, not the old values.
  const Tensor y =
      launch(ctx, "stale", {}, 2, [data](const auto&, float* out, int64_t n) { std::copy_n(data, n, out); });
  const auto values = read<float>(ctx, y);
  EXPECT_TRUE(std::isnan(values[0]) && std::isnan(values[1]));
}

class AsynchronousError : public testing::TestWithParam<bool> {};

TEST_P(AsynchronousError, SurfacesAtTheReadWithOpAndShapesAndSkipsDependants) {
  Context ctx(open_backend({}), {.deferred = GetParam()});
  const Tensor x = vector_of(ctx, {1, 2});
  std::atomic<int> dependants = 0;
  const Tensor bad = launch(ctx, "faulty", {x}, 2, throw_numeric);
  const Tensor after = launch(ctx, "dependant", {bad}, 2, [&](const auto&, float*, int64_t) { ++dependants; });
  const Tensor later = launch(ctx, "dependant", {after}, 2, [&](const auto&, float*, int64_t) { ++dependants; });
  const Tensor independent = plus(ctx, x, 1);
  try {
    read<float>(ctx, later);
    FAIL() << "the error did not surface";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
    EXPECT_STREQ(error.what(), "faulty(f32[2]): the number is wrong");
  }
  EXPECT_EQ(dependants, 0);
  EXPECT_EQ(read<float>(ctx, independent), (std::vector<float>{2, 3})) << "independent work is done";
  EXPECT_EQ(read<float>(ctx, plus(ctx, x, 5)), (std::vector<float>{6, 7})) << "the stream is usable again";
}

TEST_P(AsynchronousError, TheFirstOneIsKept) {
  Context ctx(open_backend({}), {.deferred = GetParam()});
  const Tensor a = launch(ctx, "first", {}, 1, throw_numeric), b = launch(ctx, "second", {}, 1, throw_numeric);
  try {
    ctx.stream().synchronize();
    FAIL() << "the error did not surface";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 7), "first()");
  }
  EXPECT_NO_THROW(ctx.stream().synchronize());
}

TEST_P(AsynchronousError, AFailedTensorStaysUnusableOnceTheErrorIsKnown) {
  Context ctx(open_backend({}), {.deferred = GetParam()});
  const Tensor bad = launch(ctx, "faulty", {}, 2, throw_numeric);
  EXPECT_THROW(ctx.stream().synchronize(), Error);
  const auto message_of = [&](const Tensor& x) -> std::string {
    try {
      read<float>(ctx, x);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::numeric);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message_of(bad), "read: the value was not computed: faulty(): the number is wrong");
  EXPECT_EQ(message_of(plus(ctx, bad, 1)),
            "plus(f32[2]) was skipped, its input was not computed: faulty(): the number is wrong");
  overwrite(ctx, bad, 7);
  EXPECT_EQ(read<float>(ctx, plus(ctx, bad, 1)), (std::vector<float>{8, 8})) << "written afresh, it is sound again";
}

TEST_P(AsynchronousError, AStateWhoseUpdateFailedKeepsWhatItHeldOnceTheErrorIsKnown) {
  Context ctx(open_backend({}), {.deferred = GetParam()});
  const Tensor state = state_of(ctx, {1, 2});
  const Operand target = operand(state);
  cpu_encoder(ctx.stream().encoder()).launch("faulty", std::span(&target, 1), std::span(&target, 1), [](ThreadPool&) {
    throw Error(ErrorCode::numeric, "the number is wrong");
  });
  std::atomic<int> dependants = 0;
  launch(ctx, "dependant", {state}, 2, [&](const auto&, float*, int64_t) { ++dependants; });
  add_in_place(ctx, state, 1);
  EXPECT_THROW(ctx.stream().synchronize(), Error);
  EXPECT_EQ(dependants, 0);
  EXPECT_EQ(read<float>(ctx, state), (std::vector<float>{1, 2}));
  add_in_place(ctx, state, 1);
  EXPECT_EQ(read<float>(ctx, plus(ctx, state, 1)), (std::vector<float>{3, 4}));
}

TEST_P(AsynchronousError, APartThatWasWrittenIsSound) {
  Context ctx(open_backend({}), {.deferred = GetParam()});
  const Tensor x = vector_of(ctx, {1, 2, 3, 4});
  const Tensor left = x.with_layout(x.layout().sliced(0, 0, 2)), right = x.with_layout(x.layout().sliced(0, 2, 4));
  const Operand target = operand(left);
  cpu_encoder(ctx.stream().encoder()).launch("faulty", {}, std::span(&target, 1), [](ThreadPool&) {
    throw Error(ErrorCode::numeric, "the number is wrong");
  });
  EXPECT_THROW(ctx.stream().synchronize(), Error);
  EXPECT_EQ(read<float>(ctx, right), (std::vector<float>{3, 4}));
  EXPECT_THROW(read<float>(ctx, left), Error);
  EXPECT_THROW(read<float>(ctx, x), Error);
}

TEST_P(AsynchronousError, MemoryWrittenAfreshIsSoundAgain) {
  Context ctx(open_backend({}), {.deferred = GetParam()});
  const void* memory = nullptr;
  {
    const Tensor bad = launch(ctx, "faulty", {}, 4, throw_numeric);
    memory = memory_of(*bad.buffer()).data();
  }
  const Tensor good = launch(ctx, "good", {}, 4, [](const auto&, float* out, int64_t n) { std::fill_n(out, n, 3.0f); });
  EXPECT_EQ(memory, memory_of(*good.buffer()).data()) << "the pool hands the memory out again";
  const Tensor y = plus(ctx, good, 1);
  EXPECT_THROW(ctx.stream().synchronize(), Error);
  EXPECT_EQ(read<float>(ctx, y), std::vector<float>(4, 4.0f)) << "the reader of the new value was not skipped";
}

INSTANTIATE_TEST_SUITE_P(Streams, AsynchronousError, testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "deferred" : "immediate"); });

}  // namespace
}  // namespace temper::cpu
