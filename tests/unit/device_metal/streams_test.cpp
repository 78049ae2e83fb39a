// Batches, memory, threads and errors of Metal streams.
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "autograd/tape.h"
#include "conformance/stored_weight.h"
#include "device/device_clock.h"
#include "metal_fixture.h"
#include "ops/embedding.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"
#include "ops/top_k.h"

namespace temper {
namespace {

using testing::error_of;
using testing::metal_backend;
using testing::numbers;

WeightHandle random_weight(Context& ctx, int64_t rows, int64_t columns) {
  const auto values = numbers(static_cast<size_t>(rows * columns), 9);
  return stored_weight(ctx, rows, columns, {values.begin(), values.end()}, QuantType::f32);
}

struct LoraChain {
  Context& ctx;
  Tensor a = upload(ctx, numbers(4 * 32, 1), {4, 32});
  Tensor b = upload(ctx, numbers(32 * 4, 2), {32, 4});
  WeightHandle weight = random_weight(ctx, 32, 32);

  void run() {
    Tensor x = upload(ctx, numbers(8 * 32, 3), {8, 32});
    for (int i = 0; i < 100; ++i) x = lora_linear(ctx, x, a, b, weight, 0.01f);
    read<float>(ctx, x);
  }
};

TEST(MetalStream, AHundredLoraForwardsAreTwoCommandBuffersAndOneWait) {
  Context ctx(metal_backend());
  LoraChain chain{ctx};
  for (int repeat = 0; repeat < 3; ++repeat) {
    const Counters before = ctx.counters();
    chain.run();
    const Counters& after = ctx.counters();
    EXPECT_LE(after.commits - before.commits, 2);
    EXPECT_EQ(after.waits - before.waits, 1);
    if (repeat == 0) continue;
    EXPECT_EQ(after.kernels_created, before.kernels_created);
    EXPECT_EQ(after.buffers_created, before.buffers_created);
  }
  EXPECT_TRUE(ctx.counters().placed.empty());
}

TEST(MetalStream, TellsHowLongTheGpuWorked) {
  Context ctx(metal_backend());
  const auto* clock = dynamic_cast<const DeviceClock*>(&ctx.stream());
  ASSERT_NE(clock, nullptr);
  LoraChain chain{ctx};
  chain.run();
  const double before = clock->device_seconds();
  const auto start = std::chrono::steady_clock::now();
  chain.run();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  const double worked = clock->device_seconds() - before;
  EXPECT_GT(worked, 0);
  EXPECT_LE(worked, passed.count());
  ctx.stream().synchronize();  // nothing to do
  EXPECT_DOUBLE_EQ(clock->device_seconds() - before, worked);
}

TEST(MetalStream, BatchesEndByLaunchesOrByBytes) {
  const auto commits_of_ten_products = [](const StreamOptions& options) {
    Context ctx(metal_backend(), options);
    const Tensor x = upload(ctx, numbers(64 * 64, 1), {64, 64});  // 16 KB; a product reads two and writes one
    Tensor y = x;
    for (int i = 0; i < 10; ++i) y = matmul(ctx, x, y);
    ctx.stream().synchronize();
    return ctx.counters().commits;
  };
  EXPECT_EQ(commits_of_ten_products({}), 1);
  EXPECT_EQ(commits_of_ten_products({.max_batch_launches = 5}), 2);
  EXPECT_EQ(commits_of_ten_products({.max_batch_bytes = 5 * 3 * 64 * 64 * 4}), 2);
}

TEST(MetalStream, AThousandStepsTakeNoMoreMemory) {
  Context ctx(metal_backend());
  LoraChain chain{ctx};
  const auto step = [&] {
    const Tensor x = upload(ctx, numbers(8 * 32, 3), {8, 32});
    read<float>(ctx, lora_linear(ctx, x, chain.a, chain.b, chain.weight, 1.0f));
  };
  for (int i = 0; i < 10; ++i) step();
  const Counters before = ctx.counters();
  for (int i = 0; i < 1000; ++i) step();
  EXPECT_EQ(ctx.counters().bytes_created, before.bytes_created);
  EXPECT_EQ(ctx.counters().buffers_created, before.buffers_created);
  EXPECT_EQ(ctx.counters().kernels_created, before.kernels_created);
  EXPECT_EQ(ctx.counters().peak_bytes, before.peak_bytes);
}

TEST(MetalStream, EightThreadsShareABackend) {
  Context expected_on(metal_backend());
  const auto work = [](Context& ctx) {
    Tensor x = upload(ctx, numbers(16 * 16, 5), {16, 16});
    const Tensor y = upload(ctx, numbers(16 * 16, 6), {16, 16});
    for (int i = 0; i < 50; ++i) x = matmul(ctx, x, y, {.alpha = 0.25f});
    return read<float>(ctx, x);
  };
  const auto expected = work(expected_on);
  std::vector<float> got[8];
  std::vector<std::thread> threads;
  for (auto& result : got)
    threads.emplace_back([&] {
      Context ctx(metal_backend());
      for (int i = 0; i < 10; ++i) result = work(ctx);
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : got) EXPECT_EQ(result, expected);
}

TEST(MetalStream, AnotherStreamWaitsForATensorUnderWay) {
  Context first(metal_backend()), second(metal_backend());
  const Tensor one = upload(first, std::vector<float>{2, 0, 0, 2}, {2, 2});
  Tensor x = one;
  for (int i = 0; i < 9; ++i) x = matmul(first, x, one);
  const Tensor y = matmul(second, x, x);  // nobody has committed x
  EXPECT_EQ(read<float>(second, y), (std::vector<float>{1048576, 0, 0, 1048576}));
}

TEST(MetalStream, AnErrorWithinABatchNamesTheOpAndSparesTheRest) {
  Context ctx(metal_backend());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor good = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  const Tensor before = matmul(ctx, good, good);
  const TopK broken = top_k(ctx, upload(ctx, std::vector<float>{1, nan, 3, 4, 5, 6}, {2, 3}), 1);
  const Tensor after = matmul(ctx, before, good);
  const std::string text = error_of(ErrorCode::numeric, [&] { read<float>(ctx, broken.values); });
  EXPECT_NE(text.find("top_k"), std::string::npos) << text;
  EXPECT_NE(text.find("[2,3]"), std::string::npos) << text;
  EXPECT_EQ(read<float>(ctx, before), (std::vector<float>{7, 10, 15, 22}));
  EXPECT_EQ(read<float>(ctx, after), (std::vector<float>{37, 54, 81, 118}));
}

TEST(MetalStream, AnErrorOfAnOpOnTheCpuSurfacesAtTheRead) {
  Context ctx(metal_backend());
  const Tensor rows =
      embedding(ctx, random_weight(ctx, 4, 8), upload(ctx, std::vector<int32_t>{0, 99}, {2}), DType::f32);
  const std::string text = error_of(ErrorCode::numeric, [&] { read<float>(ctx, rows); });
  EXPECT_NE(text.find("embedding"), std::string::npos) << text;
  const Tensor good = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(read<float>(ctx, matmul(ctx, good, good)), (std::vector<float>{7, 10, 15, 22}));
}

std::vector<std::vector<float>> lora_gradients(Context& ctx) {
  Tape tape;
  const Context::TapeScope on(ctx, &tape);
  const Tensor x = tape.leaf(upload(ctx, numbers(6 * 32, 1), {6, 32}));
  const Tensor a = tape.leaf(upload(ctx, numbers(4 * 32, 2), {4, 32}));
  const Tensor b = tape.leaf(upload(ctx, numbers(16 * 4, 3), {16, 4}));
  const Tensor y = lora_linear(ctx, x, a, b, random_weight(ctx, 16, 32), 0.5f);
  const Tensor seed = upload(ctx, numbers(6 * 16, 4), {6, 16});
  const Gradients gradients = tape.backward(ctx, {&y, 1}, {&seed, 1});
  return {read<float>(ctx, gradients.of(x)), read<float>(ctx, gradients.of(a)), read<float>(ctx, gradients.of(b))};
}

TEST(MetalLora, GradientsEqualTheCpus) {
  Context metal(metal_backend()), cpu(open_backend({DeviceType::cpu, 0}));
  const auto got = lora_gradients(metal), expected = lora_gradients(cpu);
  EXPECT_EQ(metal.counters().launches["lora_linear_backward"], 1);
  EXPECT_TRUE(metal.counters().placed.empty());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(got[i].size(), expected[i].size());
    for (size_t j = 0; j < expected[i].size(); ++j) ASSERT_NEAR(got[i][j], expected[i][j], 1e-4f) << i << " " << j;
  }
}

}  // namespace
}  // namespace temper
