// Faults of the data on Metal: reported by a kernel on the GPU, by the host's look at what MPS ran, by placed ops.
#include <cmath>
#include <limits>

#include "conformance/stored_weight.h"
#include "metal_fixture.h"
#include "ops/argmax.h"
#include "ops/embedding.h"
#include "ops/matmul.h"
#include "ops/top_k.h"
#include "placed_op.h"

#ifndef __APPLE__
#include <metalhost/event_log.h>
#include <metalhost/host_kernel.h>
#include <metalhost/report.h>
#include <metalhost/runtime.h>

#include <atomic>
#include <stdexcept>

#include "device/metal/gpu.h"
#include "device/metal/memory.h"
#include "device/metal/stream.h"
#endif

namespace temper {
namespace {

using testing::error_of;
using testing::metal_backend;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string read_error(Context& ctx, const Tensor& x) {
  return error_of(ErrorCode::numeric, [&] { read<float>(ctx, x); });
}

Tensor square(Context& ctx) {
  return upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
}
const std::vector<float> kSquared{7, 10, 15, 22};

/// 2 x 2 values of which one is NaN.
TopK broken_top_k(Context& ctx) {
  return top_k(ctx, upload(ctx, std::vector<float>{1, kNan, 3, 4}, {2, 2}), 2);
}
const std::string kBroken = "top_k(f32[2,2]): NaN in column 1 of row 0";

TEST(MetalFaults, OfTopKReachesWhoeverUsesItOnAnotherStream) {
  Context first(metal_backend()), second(metal_backend());
  const TopK broken = broken_top_k(first);
  const Tensor product = matmul(second, broken.values, square(second));
  const Tensor good = matmul(second, square(second), square(second));
  EXPECT_EQ(read_error(second, product),
            "matmul(f32[2,2], f32[2,2]) has no result, its input was not computed: " + kBroken);
  EXPECT_EQ(read<float>(second, good), kSquared) << "the stream is usable again";
  EXPECT_EQ(read_error(first, broken.values), kBroken) << "the error of the first stream is still its own";
  EXPECT_EQ(read_error(first, broken.values), "read: the value was not computed: " + kBroken);
}

TEST(MetalFaults, OfTopKIsSeenByAReadOnAnotherStream) {
  Context first(metal_backend()), second(metal_backend());
  const TopK broken = broken_top_k(first);
  EXPECT_EQ(read_error(second, broken.values), "read: the value was not computed: " + kBroken);
  EXPECT_NO_THROW(second.stream().synchronize());
  EXPECT_THROW(first.stream().synchronize(), Error);
}

TEST(MetalFaults, OfTopKIsSeenByAPlacedOp) {
  Context ctx(metal_backend());
  const TopK broken = broken_top_k(ctx);
  const Tensor copied = testing::placed(ctx, broken.values);  // waits for the batch
  EXPECT_EQ(read_error(ctx, copied), kBroken);
  EXPECT_EQ(read_error(ctx, copied), "read: the value was not computed: " + kBroken);
}

TEST(MetalFaults, OfAKernelIsNamedOnceAndWhatDependsOnItRuns) {
  Context ctx(metal_backend());
  const WeightHandle table = stored_weight(ctx, 4, 2, std::vector<double>(8, 1.0), QuantType::f32);
  const Tensor rows = embedding(ctx, table, upload(ctx, std::vector<int32_t>{0, 99}, {2}), DType::f32);
  const Tensor product = matmul(ctx, rows, square(ctx));
  const std::string text = "embedding(i32[2]): token id 99 is not below the vocabulary's 4";
  EXPECT_EQ(read_error(ctx, product), text);
  EXPECT_EQ(ctx.counters().dispatches, 2);
  EXPECT_EQ(read_error(ctx, product), "read: the value was not computed: " + text);
  EXPECT_EQ(read<float>(ctx, matmul(ctx, square(ctx), square(ctx))), kSquared);
}

TEST(MetalFaults, TheEarliestLaunchIsThrownWhicheverTheHostLearnsOfFirst) {
  Context ctx(metal_backend());
  const TopK broken = broken_top_k(ctx);
  const WeightHandle table = stored_weight(ctx, 4, 2, std::vector<double>(8, 1.0), QuantType::f32);
  const Tensor rows = embedding(ctx, table, upload(ctx, std::vector<int32_t>{-1}, {1}), DType::f32);
  EXPECT_EQ(read_error(ctx, rows), kBroken);
  EXPECT_EQ(read_error(ctx, rows), "read: the value was not computed: embedding(i32[1]): token id -1 is negative");
}

TEST(MetalFaults, AcrossManyBatchesSpoilOnlyWhatCameOfThem) {
  Context ctx(metal_backend(), {.max_batch_launches = 1});
  Tensor sound = square(ctx), spoilt = broken_top_k(ctx).values;
  const Tensor unit = upload(ctx, std::vector<float>{1, 0, 0, 1}, {2, 2});
  for (int i = 0; i < 20; ++i) {
    sound = matmul(ctx, sound, unit);
    spoilt = matmul(ctx, spoilt, unit);
  }
  EXPECT_EQ(read_error(ctx, sound), kBroken) << "the stream's error comes first";
  EXPECT_EQ(read<float>(ctx, sound), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(read_error(ctx, spoilt), "read: the value was not computed: " + kBroken);
}

#ifndef __APPLE__
// A kernel on the GPU: y = 2 x where x >= 0; of others it reports the position and leaves 0.
constexpr float kGivesUp = -1000;  // reported, and the GPU gives up
constexpr const char* kSource = "kernel void twice_positive(";

void register_twice_positive() {
  static const bool once = [] {
    const auto bytes = [](const metalhost::Dispatch& d) { return d.threads.width * sizeof(float); };
    metalhost::register_host_kernel(
        {.name = "twice_positive",
         .arguments = {{0, false, bytes}, {1, true, bytes}, {2, true, [](const auto&) { return sizeof(FaultRecord); }}},
         .constants = {},
         .body = [](const metalhost::Dispatch& d) {
           for (uint64_t i = 0; i < d.threads.width; ++i) {
             const float x = d.buffer<float>(0)[i];
             d.buffer<float>(1)[i] = x < 0 ? 0 : 2 * x;
             if (x >= 0) continue;
             FaultRecord& record = d.buffer<FaultRecord>(2)[0];
             uint32_t free = 0;
             if (!std::atomic_ref(record.code).compare_exchange_strong(free, 1)) continue;
             record.position = static_cast<uint32_t>(i);
             record.details[0] = static_cast<int32_t>(x);
             if (x == kGivesUp) throw std::runtime_error("planted");
           }
         }});
    return true;
  }();
  (void)once;
}

class MetalFaultRecord : public ::testing::Test {
 protected:
  MetalFaultRecord() {
    register_twice_positive();
    compile(kSource, "twice_positive");
    choice_ = metalhost::on_report();
    metalhost::set_on_report(metalhost::OnReport::collect);
    metalhost::take_reports();
  }
  ~MetalFaultRecord() override {
    for (const metalhost::Report& report : metalhost::take_reports()) ADD_FAILURE() << report.text();
    metalhost::set_on_report(choice_);
  }

  void compile(const char* source, const char* name) {
    const metal::AutoreleaseScope scope;
    NS::Error* error = nullptr;
    MTL::Device& device = gpu_->device();
    const auto library = metal::Retained<MTL::Library>::adopt(device.newLibrary(metal::text(source), nullptr, &error));
    ASSERT_TRUE(library) << error->localizedDescription()->utf8String();
    const auto function = metal::Retained<MTL::Function>::adopt(library->newFunction(metal::text(name)));
    pipeline_ =
        metal::Retained<MTL::ComputePipelineState>::adopt(device.newComputePipelineState(function.get(), &error));
  }

  Tensor twice_positive(Context& ctx, const Tensor& x) {
    const Operand in = operand(x);
    const Operand out{ctx.stream().allocate(x.spec().bytes()), spec(DType::f32, x.shape())};
    const auto message = [](const FaultRecord& fault) {
      return fmt::format("{} at position {} is negative", fault.details[0], fault.position);
    };
    metal::metal_encoder(ctx.stream().encoder())
        .external("twice_positive", {&in, 1}, {&out, 1}, {},
                  [&](metal::OpenCommands& commands) {
                    MTL::ComputeCommandEncoder* encoder = commands.buffer.computeCommandEncoder();
                    encoder->setComputePipelineState(pipeline_.get());
                    const auto bind = [&](const Operand& operand, NS::UInteger index) {
                      const metal::MetalMemory& memory = metal::memory_of(*operand.buffer);
                      encoder->setBuffer(&memory.buffer(), memory.offset(), index);
                    };
                    bind(in, 0);
                    bind(out, 1);
                    encoder->setBuffer(commands.faults.buffer, commands.faults.offset, 2);
                    encoder->dispatchThreads(MTL::Size(static_cast<NS::UInteger>(x.elements()), 1, 1),
                                             MTL::Size(1, 1, 1));
                    encoder->endEncoding();
                  },
                  {.message = message});
    return Tensor(out.buffer, out.spec);
  }
  static Tensor row(Context& ctx, std::vector<float> values) {
    const auto n = static_cast<int64_t>(values.size());
    return upload(ctx, values, {n});
  }

  std::shared_ptr<metal::Gpu> gpu_ = metal::Gpu::open(0);
  metal::Retained<MTL::ComputePipelineState> pipeline_;
  metalhost::OnReport choice_{};
};

TEST_F(MetalFaultRecord, IsReadWhenTheBatchIsDoneAndFreshForTheNextOne) {
  Context ctx(metal_backend());
  const Tensor good = twice_positive(ctx, row(ctx, {1, 2}));
  const Tensor bad = twice_positive(ctx, row(ctx, {3, -4, 5}));
  const Tensor after = twice_positive(ctx, bad);
  const Tensor also_good = twice_positive(ctx, row(ctx, {6}));
  const Tensor also_bad = twice_positive(ctx, row(ctx, {-7}));
  EXPECT_EQ(read_error(ctx, after), "twice_positive(f32[3]): -4 at position 1 is negative");
  EXPECT_EQ(read<float>(ctx, good), (std::vector<float>{2, 4}));
  EXPECT_EQ(read<float>(ctx, also_good), std::vector<float>{12});
  EXPECT_NE(read_error(ctx, after).find("twice_positive(f32[3]): -4"), std::string::npos);
  EXPECT_EQ(read_error(ctx, also_bad),
            "read: the value was not computed: twice_positive(f32[1]): -7 at position 0 is negative");
  EXPECT_EQ(metal::memory_of(*after.buffer()).on_host(4, 4, metal::HostAccess::read)[0], std::byte{0})
      << "the stand-in flowed on";
  Tensor next = row(ctx, {8, 9});
  for (int i = 0; i < 5; ++i) next = twice_positive(ctx, next);  // in as many records as before
  EXPECT_EQ(read<float>(ctx, next), (std::vector<float>{256, 288}));
}

#if !__has_feature(thread_sanitizer)  // under which metalhost compiles no Metal source when the program runs
TEST_F(MetalFaultRecord, IsWhatAShaderWrites) {
  compile(R"(#include <metal_stdlib>
using namespace metal;
struct FaultRecord {
  atomic_uint code;
  uint position;
  int details[6];
};
void report(device FaultRecord& record, uint position, int detail) {
  uint found = 0;
  while (!atomic_compare_exchange_weak_explicit(&record.code, &found, 1u, memory_order_relaxed, memory_order_relaxed))
    if (found != 0) return;  // else it failed for no reason
  record.position = position;
  record.details[0] = detail;
}
kernel void twice_positive_shader(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                                  device FaultRecord& record [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = x[i] < 0 ? 0.0f : 2 * x[i];
  if (x[i] < 0) report(record, i, int(x[i]));
})",
          "twice_positive_shader");
  Context ctx(metal_backend());
  const Tensor good = twice_positive(ctx, row(ctx, {1, 2}));
  const Tensor bad = twice_positive(ctx, row(ctx, {3, -4, 5, -4}));
  const std::string text = read_error(ctx, bad);
  EXPECT_TRUE(text == "twice_positive(f32[4]): -4 at position 1 is negative" ||
              text == "twice_positive(f32[4]): -4 at position 3 is negative")
      << text;
  EXPECT_EQ(read<float>(ctx, good), (std::vector<float>{2, 4}));
}
#endif

TEST_F(MetalFaultRecord, ReachesAnotherStreamThatNobodyMadeWait) {
  Context first(metal_backend()), second(metal_backend());
  const Tensor bad = twice_positive(first, row(first, {-4}));
  const Tensor there = twice_positive(second, bad);
  const Tensor back = twice_positive(first, there);
  const std::string text = "twice_positive(f32[1]): -4 at position 0 is negative";
  EXPECT_EQ(read_error(second, there), "twice_positive(f32[1]) has no result, its input was not computed: " + text);
  EXPECT_EQ(read_error(first, back), text);
  EXPECT_EQ(read_error(second, back), "read: the value was not computed: " + text);
}

TEST_F(MetalFaultRecord, OfABatchThatFailsOtherwiseIsForgotten) {
  Context ctx(metal_backend());
  const Tensor bad = twice_positive(ctx, row(ctx, {kGivesUp}));
  const Tensor y = matmul(ctx, square(ctx), square(ctx));
  const std::string text = error_of(ErrorCode::internal, [&] { read<float>(ctx, y); });
  EXPECT_NE(text.find("2 ops that begins with twice_positive(f32[1])"), std::string::npos) << text;
  EXPECT_NE(text.find("planted"), std::string::npos) << text;
  EXPECT_EQ(read<float>(ctx, twice_positive(ctx, row(ctx, {8}))), std::vector<float>{16});
}

TEST_F(MetalFaultRecord, IsMadeOnceAndAskedForWithoutAWaitOfItsOwn) {
  Context ctx(metal_backend());
  const auto step = [&] {
    const Tensor x = row(ctx, {1, 2});
    read<float>(ctx, twice_positive(ctx, twice_positive(ctx, x)));
    read<float>(ctx, top_k(ctx, square(ctx), 1).values);
  };
  for (int i = 0; i < 3; ++i) step();
  const Counters before = ctx.counters();
  const uint64_t buffers = metalhost::counters().buffers;
  for (int i = 0; i < 50; ++i) step();
  EXPECT_EQ(metalhost::counters().buffers, buffers);
  EXPECT_EQ(ctx.counters().buffers_created, before.buffers_created);
  EXPECT_EQ(ctx.counters().waits, before.waits + 100);
  EXPECT_EQ(ctx.counters().commits, before.commits + 100);
}
#endif

}  // namespace
}  // namespace temper
