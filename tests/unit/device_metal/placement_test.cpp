// What runs on the GPU and what the CPU runs for it.
#include <algorithm>
#include <functional>

#include "autograd/tape.h"
#include "conformance/stored_weight.h"
#include "metal_fixture.h"
#include "ops/accumulate.h"
#include "ops/cast.h"
#include "ops/copy.h"
#include "ops/linear.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"
#include "ops/rms_norm.h"
#include "ops/softmax.h"
#include "ops/top_k.h"

namespace temper {
namespace {

using testing::metal_backend;
using testing::numbers;

Tensor values(Context& ctx, DType dtype, const Shape& shape) {
  return cast(ctx, upload(ctx, numbers(static_cast<size_t>(shape.elements()), 7), shape), dtype);
}

WeightHandle weight(Context& ctx, DType dtype, int64_t rows, int64_t columns) {
  const auto some = numbers(static_cast<size_t>(rows * columns), 8);
  return stored_weight(ctx, rows, columns, {some.begin(), some.end()},
                       dtype == DType::f16 ? QuantType::f16 : QuantType::f32);
}

using Work = std::function<void(Context&, DType)>;

void backward(Context& ctx, const Tensor& x, const std::function<Tensor(const Tensor&)>& op) {
  Tape tape;
  const Context::TapeScope on(ctx, &tape);
  const Tensor y = op(tape.leaf(x));
  const Tensor seed = y.detached();
  tape.backward(ctx, {&y, 1}, {&seed, 1});
}

void lora_backward(Context& ctx, DType t) {
  const Tensor x = values(ctx, t, {4, 8}), a = values(ctx, t, {2, 8}), b = values(ctx, t, {6, 2});
  const WeightHandle w = weight(ctx, t, 6, 8);
  Tape tape;
  const Context::TapeScope on(ctx, &tape);
  const Tensor y = lora_linear(ctx, tape.leaf(x), tape.leaf(a), tape.leaf(b), w, 0.5f);
  const Tensor seed = y.detached();
  tape.backward(ctx, {&y, 1}, {&seed, 1});
}

struct Native {
  std::string op;
  std::vector<DType> types;
  Work work;
};

/// The list: an op of it that the CPU runs is a failure.
const std::vector<Native>& natives() {
  const std::vector<DType> both{DType::f32, DType::f16};
  static const std::vector<Native> list{
      {"matmul", both,
       [](Context& c, DType t) {
         matmul(c, values(c, t, {3, 4}), values(c, t, {4, 5}));
       }},
      {"linear", both,
       [](Context& c, DType t) {
         linear(c, values(c, t, {3, 8}), weight(c, t, 5, 8));
       }},
      {"lora_linear", both,
       [](Context& c, DType t) {
         lora_linear(c, values(c, t, {3, 8}), values(c, t, {2, 8}), values(c, t, {5, 2}), weight(c, t, 5, 8), 1.0f);
       }},
      {"lora_linear_backward", both, lora_backward},
      {"softmax", both,
       [](Context& c, DType t) {
         softmax(c, values(c, t, {3, 4}));
       }},
      {"log_softmax", both,
       [](Context& c, DType t) {
         log_softmax(c, values(c, t, {3, 4}));
       }},
      {"softmax_backward", both,
       [](Context& c, DType t) {
         backward(c, values(c, t, {3, 4}), [&](const Tensor& x) { return softmax(c, x); });
       }},
      {"top_k", both,
       [](Context& c, DType t) {
         top_k(c, values(c, t, {3, 40}), 16);
       }},
      {"rms_norm",
       {DType::f32},
       [](Context& c, DType t) {
         rms_norm(c, values(c, t, {3, 4}), values(c, t, {4}));
       }},
      {"copy",
       {DType::f32, DType::f16, DType::bf16},
       [](Context& c, DType t) {
         copy(c, values(c, t, {3, 4}));
       }},
  };
  return list;
}

TEST(MetalPlacement, OpsOfTheListRunOnTheGpu) {
  for (const Native& native : natives())
    for (const DType type : native.types) {
      SCOPED_TRACE(native.op + " " + std::string(name_of(type)));
      Context ctx(metal_backend());
      native.work(ctx, type);
      ctx.stream().synchronize();
      EXPECT_GE(ctx.counters().launches[native.op], 1);
      EXPECT_EQ(ctx.counters().placed[native.op], 0);
    }
}

TEST(MetalPlacement, EveryNativeOpIsOnTheList) {
  std::vector<std::string> untested{"zero_"};  // in place, on a State: the conformance suite runs it
  for (const OpPlacement& row : metal_backend()->placement()) {
    if (row.types.empty()) continue;
    bool listed = std::find(untested.begin(), untested.end(), row.op) != untested.end();
    for (const Native& native : natives()) listed = listed || native.op == row.op;
    EXPECT_TRUE(listed) << row.op << " runs on the GPU, and nothing here says that it must";
  }
}

TEST(MetalPlacement, EveryCpuKernelHasAPlace) {
  const auto cpu = open_backend({DeviceType::cpu, 0}, {.threads = 1});
  EXPECT_EQ(metal_backend()->kernels().size(), cpu->kernels().size());
  EXPECT_EQ(metal_backend()->placement().size(), cpu->kernels().size());
  for (const OpPlacement& row : metal_backend()->placement()) EXPECT_TRUE(cpu->kernels().contains(row.op)) << row.op;
}

}  // namespace
}  // namespace temper
