#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/fail.h"
#include "bench/expect.h"
#include "bench/run.h"
#include "device/transfer.h"

namespace temper::bench {
namespace {

TEST(Cases, HaveNamesOfTheirOwnAndCountTheirWork) {
  std::set<std::string> names;
  for (const Case& c : all_cases({.dtype = DType::bf16, .all_ranks = true})) {
    EXPECT_TRUE(names.insert(c.name()).second) << c.name();
    EXPECT_GT(c.flops, 0) << c.name();
    EXPECT_GT(c.bytes, 0) << c.name();
  }
  // LoRA alone and with W, 1 and 64 rows, 512 to 2048 wide, ranks 4 to 64.
  for (const char* name : {"low_rank 1 x 512 x 512 r 4 bf16", "lora_linear 64 x 2048 x 2048 r 64 bf16",
                           "softmax 4 x 16 x 1024 bf16", "layer_norm 4 x 16 x 1024 bf16", "adamw 1048576 f32"})
    EXPECT_EQ(names.count(name), 1u) << name;
}

TEST(Cases, AreChosenByPartsOfTheirNames) {
  const std::vector<Case> cases = all_cases({});
  EXPECT_EQ(matching(cases, "lora_linear 64 x").size(), 6u);
  EXPECT_EQ(matching(cases, "").size(), cases.size());
  EXPECT_TRUE(matching(cases, "lora_linear nonsense").empty());
}

class EveryCase : public testing::TestWithParam<DType> {};

TEST_P(EveryCase, ComputesWhatSumsInF64Give) {
  constexpr double most_flops = 2e7;  // the larger ones are the same ops
  Context ctx(open_backend({}));
  std::set<std::string> ops;
  for (const Case& c : all_cases({.dtype = GetParam()})) {
    if (c.flops > most_flops) continue;
    ops.insert(c.op);
    EXPECT_NO_THROW(c.prepare(ctx).check()) << c.name();
  }
  EXPECT_EQ(ops.count("lora_linear"), 1u);
  EXPECT_EQ(ops.count("attention"), 1u);
  EXPECT_EQ(ops.count("sample top-p 0.9"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Types, EveryCase, testing::Values(DType::f32, DType::bf16, DType::f16),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Cases, ATrainingStepIsTimedAndChecked) {
  Context ctx(open_backend({}));
  const std::vector<Case> cases = matching(all_cases({}), "training_step");
  ASSERT_EQ(cases.size(), 1u);
  const Result result = run_case(ctx, cases[0], {.rounds = 2}, nullptr);
  EXPECT_EQ(result.batched.samples, 2);
  EXPECT_GT(result.batched.median, 0);
}

TEST(Cases, OneThatComputesWrongResultsIsNotTimed) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3}, {3});
  int encoded = 0;
  Case wrong;
  wrong.op = "wrong";
  wrong.flops = wrong.bytes = 1;
  wrong.prepare = [&](Context&) -> Prepared {
    return {.encode = [&] { ++encoded; },
            .check = [&] { expect_elements(ctx, "wrong", x, {[](int64_t at) { return static_cast<double>(at); }}); }};
  };
  EXPECT_THROW(run_case(ctx, wrong, {.rounds = 2}, nullptr), Error);
  EXPECT_EQ(encoded, 0);
}

TEST(Expect, AWrongElementIsNamed) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3}, {3});
  const auto right = [](int64_t at) { return static_cast<double>(at + 1); };
  EXPECT_NO_THROW(expect_elements(ctx, "x", x, {right}));
  try {
    expect_elements(ctx, "x", x, {[&](int64_t at) { return at == 2 ? 3.001 : right(at); }});
    FAIL() << "a wrong element passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
    EXPECT_NE(std::string(error.what()).find("element 2"), std::string::npos) << error.what();
  }
  const Tensor nan = upload(ctx, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN(), 3}, {3});
  EXPECT_THROW(expect_elements(ctx, "x", nan, {right}), Error);
}

}  // namespace
}  // namespace temper::bench
