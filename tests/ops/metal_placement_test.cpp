// What runs on the GPU and what the CPU runs for it, over all cases of the conformance suite.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "conformance/checks.h"
#include "conformance/run.h"
#include "device/backend.h"
#include "device/context.h"

namespace temper::conformance {
namespace {

constexpr const char* kFloats = "f32 f16 bf16";

/// The list: the types that the GPU must run itself, empty for ops that the CPU runs for it. One that leaves the GPU,
/// or joins it without being listed, fails the test.
const std::map<std::string, std::string>& required() {
  static const std::map<std::string, std::string> list{
      {"accumulate_", kFloats},
      {"adamw_", "f32"},
      {"argmax", kFloats},
      {"attention", kFloats},
      {"attention_backward", kFloats},
      {"binary", "f32 f16 bf16 i32"},
      {"cast", "all"},
      {"concat", "all"},
      {"copy", "all"},
      {"dequantize_weight", kFloats},
      {"dropout", kFloats},
      {"embedding", kFloats},
      {"fill", "all"},
      {"gather_rows", "all"},
      {"kv_write_", "all"},
      {"layer_norm", kFloats},
      {"layer_norm_backward", kFloats},
      {"linear", kFloats},
      {"linear_cross_entropy", kFloats},
      {"log_softmax", kFloats},
      {"log_softmax_backward", kFloats},
      {"lora_linear", kFloats},
      {"lora_linear_backward", kFloats},
      {"matmul", kFloats},
      {"pad", "all"},
      {"pick", kFloats},
      {"pick_backward", kFloats},
      {"reduce", kFloats},
      {"repetition_penalty", kFloats},
      {"rms_norm", kFloats},
      {"rms_norm_backward", kFloats},
      {"rope", kFloats},
      {"sample", kFloats},
      {"scatter_add_rows", kFloats},
      {"segment_mask", kFloats},
      {"softmax", kFloats},
      {"softmax_backward", kFloats},
      {"sum_of_squares", kFloats},
      {"swiglu", kFloats},
      {"swiglu_backward", kFloats},
      {"top_k", kFloats},
      {"unary", kFloats},
      {"unary_backward", kFloats},
      {"zero_", "all"},
  };
  return list;
}

/// Their cases ask for f64 too, which the GPU doesn't know.
bool may_be_placed(const std::string& op) {
  return op == "embedding" || op == "dequantize_weight";
}
/// The type is an attribute, which the cases of one type don't follow.
bool has_own_type(const std::string& op) {
  return op == "embedding" || op == "dequantize_weight" || op == "segment_mask";
}

class MetalPlacement : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::ranges::count(available_devices(), DeviceType::metal) == 0) GTEST_SKIP() << "no Metal backend is built";
  }
};

TEST_F(MetalPlacement, IsTheListed) {
  std::map<std::string, std::string> placement;
  for (const OpPlacement& row : open_backend({DeviceType::metal, 0})->placement()) placement[row.op] = row.types;
  EXPECT_EQ(placement, required());
}

TEST_F(MetalPlacement, EveryCpuKernelHasAPlace) {
  const auto cpu = open_backend({DeviceType::cpu, 0}, {.threads = 1}), metal = open_backend({DeviceType::metal, 0});
  EXPECT_EQ(metal->kernels().size(), cpu->kernels().size());
  EXPECT_EQ(metal->placement().size(), cpu->kernels().size());
  for (const OpPlacement& row : metal->placement()) EXPECT_TRUE(cpu->kernels().contains(row.op)) << row.op;
}

TEST_F(MetalPlacement, ListedTypesRunOnTheGpuInEveryCase) {
  const auto backend = open_backend({DeviceType::metal, 0});
  std::map<std::string, std::set<std::string>> ran;  // types of the cases, by op
  for (const Case& c : cases_of(DeviceType::metal)) {
    Context ctx(backend);
    run_once(ctx, *c.record, *c.sample, {.dtype = c.dtype, .gradients = applies(Property::low_precision_gradient, c)});
    const std::string type(name_of(c.dtype));
    for (const auto& [op, count] : ctx.counters().launches) ran[op].insert(type);
    for (const auto& [op, count] : ctx.counters().placed)
      if (!may_be_placed(op))
        EXPECT_EQ(required().at(op).find(type), std::string::npos)
            << fmt::format("the CPU ran {} for {} {} {}", op, c.record->name, c.sample->name, type);
  }
  for (const auto& [op, types] : required()) {
    std::istringstream words(types == "all" ? kFloats : types);
    for (std::string type; words >> type;)
      if (type != "i32" && (type == "f32" || !has_own_type(op)))
        EXPECT_TRUE(ran[op].contains(type)) << op << " " << type << " was in no case";
  }
}

}  // namespace
}  // namespace temper::conformance
