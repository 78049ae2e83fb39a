// The order validate, infer, allocate, encode, wrap: whatever throws on the way leaves nothing half built.
#include <gtest/gtest.h>

#include "device/transfer.h"
#include "ops/op.h"
#include "ops/unary.h"

namespace temper {
namespace {

struct Faulty {
  static constexpr std::string_view name = "faulty";
  struct Attrs {};
};

/// The CPU with one more op, whose encoding throws.
class FaultyBackend final : public Backend {
 public:
  FaultyBackend() : cpu_(open_backend({}, {.threads = 1})) {
    kernels_.add<Faulty>({.encode = [](Encoder&, Operands, Operands outputs, const Faulty::Attrs&) {
      EXPECT_TRUE(outputs[0].defined()) << "outputs are allocated before the kernel is encoded";
      fail(ErrorCode::unsupported, "faulty: cannot be encoded");
    }});
  }
  Device device() const override { return cpu_->device(); }
  std::string description() const override { return "faulty"; }
  const KernelTable& kernels() const override { return kernels_; }
  std::unique_ptr<Stream> new_stream(const StreamOptions& options) override { return cpu_->new_stream(options); }
  std::shared_ptr<Buffer> import_memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) override {
    return cpu_->import_memory(bytes, std::move(owner));
  }
  WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense) override {
    return cpu_->prepare_weight(source, dense);
  }
  DType preferred_compute_dtype() const override { return DType::f32; }

 private:
  std::shared_ptr<Backend> cpu_;
  KernelTable kernels_;
};

class CountingRecorder final : public Recorder {
 public:
  uint64_t new_grad_id() override { return ++ids; }
  void record(std::unique_ptr<TapeNode>) override { ++nodes; }
  uint64_t ids = 0;
  int nodes = 0;
};

std::vector<TensorSpec> same(std::span<const TensorSpec> in, const Faulty::Attrs&) {
  return {in[0]};
}
std::vector<Tensor> no_vjp(Context&, const VjpArgs<Faulty::Attrs>& args) {
  return {args.grads[0]};
}

constexpr OpRule<Faulty> kFaulty{.infer = same, .vjp = no_vjp};
constexpr OpRule<Faulty> kInvalid{
    .infer = [](std::span<const TensorSpec>, const Faulty::Attrs&) -> std::vector<TensorSpec> {
      fail(ErrorCode::shape_mismatch, "faulty: this shape");
    },
};

TEST(CustomOpOrder, AnEncodeThatThrowsGivesTheMemoryBackAndRecordsNothing) {
  Context ctx(std::make_shared<FaultyBackend>());
  CountingRecorder tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor x = upload(ctx, std::vector<float>(1000, 1.0f), {1000}).with_grad_id(tape.new_grad_id());
  const int64_t of_x = ctx.counters().peak_bytes;
  EXPECT_THROW(apply(ctx, kFaulty, {x}, {}), Error);
  EXPECT_EQ(tape.nodes, 0);
  EXPECT_EQ(ctx.counters().total_launches(), 0);
  const int64_t created = ctx.counters().buffers_created;
  const auto buffer = ctx.stream().allocate(4000);
  EXPECT_EQ(ctx.counters().buffers_created, created) << "the output's memory is in the pool again";
  EXPECT_EQ(ctx.counters().peak_bytes, 2 * of_x) << "x and one output, never more";
}

TEST(CustomOpOrder, AnInvalidShapeAllocatesNothing) {
  Context ctx(std::make_shared<FaultyBackend>());
  const Tensor x = upload(ctx, std::vector<float>{1}, {1});
  const int64_t created = ctx.counters().buffers_created;
  EXPECT_THROW(apply(ctx, kInvalid, {x}, {}), Error);
  EXPECT_EQ(ctx.counters().buffers_created + ctx.counters().buffers_reused, created);
}

TEST(CustomOpOrder, APrimitiveWithoutAKernelSaysSo) {
  Context ctx(std::make_shared<FaultyBackend>());
  const Tensor x = upload(ctx, std::vector<float>{1}, {1});
  try {
    exp(ctx, x);
    FAIL() << "there is no such kernel";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("unary: cpu:0 has no kernel for (f32[1])"), std::string::npos)
        << error.what();
  }
}

TEST(CustomOpOrder, TensorsOfAnotherDeviceAreRefused) {
  Context ctx(open_backend({}, {.threads = 1})), other(open_backend({DeviceType::cpu, 1}, {.threads = 1}));
  const Tensor x = upload(other, std::vector<float>{1}, {1});
  try {
    exp(ctx, x);
    FAIL() << "devices were mixed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device_mismatch);
    EXPECT_NE(std::string(error.what()).find("cpu:1"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("cpu:0"), std::string::npos);
  }
}

}  // namespace
}  // namespace temper
