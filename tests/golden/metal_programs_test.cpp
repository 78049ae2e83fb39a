// Whole programs on Metal: a tiny Llama trains and generates there as on the CPU, with each kind of product, and its
// steps ask no more of the device than they should.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "adapter/lora_adapter.h"
#include "generate/generator.h"
#include "golden/golden.h"
#include "train/trainer.h"

namespace temper::golden {
namespace {

constexpr const char* kProgramModel = "tiny_llama/gqa_tied";

/// A model on some device.
struct Program {
  std::shared_ptr<Backend> backend;
  Context ctx{backend};
  TextModel model;

  Program(Device device, DType dtype, GemmChoice gemm)
      : backend(open_backend(device, {.threads = 2, .gemm = gemm})),
        model(TextModel::load(*backend, ctx, data(kProgramModel), {.dtype = dtype})) {}
};

train::Dataset dataset_for(const TextModel& model) {
  std::string rows;
  for (int i = 0; i < 12; ++i)
    rows += R"({"text": "square )" + std::to_string(i * i) + std::string(static_cast<size_t>(1 + i % 5), 'x') + "\"}\n";
  return train::parse_dataset(model, rows, "rows.jsonl", {.max_tokens = 40});
}

train::TrainConfig training_config() {
  train::TrainConfig config;
  config.steps = 4;
  config.lr = 1e-2;
  config.schedule = train::Schedule::constant;
  config.warmup = 0;
  config.grad_accum = 2;
  config.grad_checkpoint = true;
  config.batches = {.batch_size = 3,
                    .shuffle = false};  // rows of different lengths end to end, the same every other step
  return config;
}

struct Trained {
  std::vector<double> losses, norms;
  Counters before_last, after;
};

Trained train_on(Program& program) {
  const LanguageModel& model = program.model.language_model();
  LoraAdapter adapter = LoraAdapter::create(program.ctx, model, {.rank = 4, .alpha = 8, .dropout = 0.25}, 5);
  const train::Dataset dataset = dataset_for(program.model);
  train::Trainer trainer(program.ctx, model, adapter, dataset, nullptr, training_config());
  Trained trained;
  train::TrainObserver observer;
  observer.on_step = [&](const train::StepMetrics& step) {
    trained.losses.push_back(step.loss);
    trained.norms.push_back(step.grad_norm);
    trained.before_last = std::exchange(trained.after, program.ctx.counters());
  };
  trainer.run(nullptr, observer);
  return trained;
}

struct ProgramCase {
  const char* name;
  DType dtype;
  GemmChoice gemm;
  double tolerance;  ///< of losses, relative: f32 orders of summation, or the type's rounding through two layers
};

void PrintTo(const ProgramCase& c, std::ostream* out) {
  *out << c.name;
}

class MetalPrograms : public testing::TestWithParam<ProgramCase> {
 protected:
  void SetUp() override {
    if (std::ranges::count(available_devices(), DeviceType::metal) == 0) GTEST_SKIP() << "no Metal backend is built";
  }
};

TEST_P(MetalPrograms, TrainingEqualsTheCpus) {
  const ProgramCase& c = GetParam();
  Program cpu({DeviceType::cpu, 0}, c.dtype, c.gemm), metal({DeviceType::metal, 0}, c.dtype, c.gemm);
  const Trained want = train_on(cpu), got = train_on(metal);
  ASSERT_EQ(got.losses.size(), want.losses.size());
  for (size_t i = 0; i < want.losses.size(); ++i) {
    EXPECT_NEAR(got.losses[i], want.losses[i], c.tolerance * want.losses[i]) << "step " << i + 1;
    EXPECT_NEAR(got.norms[i], want.norms[i], 5 * c.tolerance * want.norms[i]) << "step " << i + 1;
  }
  EXPECT_LT(want.losses.back(), want.losses.front());
  EXPECT_TRUE(got.after.placed.empty()) << to_string(got.after);

  // What the last step took.
  const Counters& before = got.before_last;
  EXPECT_LE(got.after.commits - before.commits, 3);
  EXPECT_EQ(got.after.waits - before.waits, 1);
  EXPECT_EQ(got.after.kernels_created, before.kernels_created);
  EXPECT_EQ(got.after.buffers_created, before.buffers_created);
}

TEST_P(MetalPrograms, GenerationEqualsTheCpus) {
  const ProgramCase& c = GetParam();
  Program cpu({DeviceType::cpu, 0}, c.dtype, c.gemm), metal({DeviceType::metal, 0}, c.dtype, c.gemm);
  const auto generate = [](Program& program, const SampleAttrs& sampling) {
    std::vector<std::vector<int32_t>> prompts;
    for (const char* text : {"a prompt", "another one, and longer"})
      prompts.push_back(program.model.tokenizer().encode_with_special(text));
    Generator generator(program.ctx, program.model, nullptr);
    std::vector<std::vector<int32_t>> replies;
    for (const Reply& reply : generator.run(
             prompts, {.max_tokens = 12, .sampling = sampling, .repetition_penalty = 1.1f, .ignore_eos = true}))
      replies.push_back(reply.ids);
    return replies;
  };
  EXPECT_EQ(generate(metal, {.temperature = 0.0f}), generate(cpu, {.temperature = 0.0f}));
  if (c.dtype == DType::f32) {  // 16-bit logits differ enough to move a draw
    const SampleAttrs sampling{.temperature = 0.8f, .top_k = 40, .top_p = 0.9f, .min_p = 0.02f};
    EXPECT_EQ(generate(metal, sampling), generate(cpu, sampling));
  }
  EXPECT_TRUE(metal.ctx.counters().placed.empty()) << to_string(metal.ctx.counters());
}

INSTANTIATE_TEST_SUITE_P(TinyLlama, MetalPrograms,
                         testing::Values(ProgramCase{"f32_mps", DType::f32, GemmChoice::mps, 1e-5},
                                         ProgramCase{"f32_own", DType::f32, GemmChoice::own, 1e-5},
                                         ProgramCase{"f16_mps", DType::f16, GemmChoice::mps, 4e-3},
                                         ProgramCase{"f16_own", DType::f16, GemmChoice::own, 4e-3},
                                         ProgramCase{"bf16_own", DType::bf16, GemmChoice::own, 2e-2}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace temper::golden
