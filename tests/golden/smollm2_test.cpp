// SmolLM2-135M-Instruct as a whole against Transformers and PEFT. Long test: needs the model that `./dev demo` fetches.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "adapter/lora_adapter.h"
#include "base/file.h"
#include "base/json.h"
#include "device/transfer.h"
#include "generate/generator.h"
#include "golden/formula.h"
#include "golden/golden.h"
#include "support/rendered_hash.h"
#include "train/trainer.h"

namespace temper::golden {
namespace {

constexpr const char* kModel = TEMPER_SOURCE_DIR "/models/SmolLM2-135M-Instruct.Q4_1.gguf";

// f32 against f32 in another order of summation, over 30 layers.
constexpr double kLogProbability = 1e-3;
constexpr double kGradient = 1e-3;

/// The whole model with a context of its own.
struct Smollm2 {
  std::shared_ptr<Backend> backend;
  Context ctx{backend};
  TextModel model;

  explicit Smollm2(DType dtype, Device device = {}, const BackendOptions& options = {})
      : backend(open_backend(device, options)), model(TextModel::load(*backend, ctx, kModel, {.dtype = dtype})) {}
  const LanguageModel& language_model() const { return model.language_model(); }
};

/// Why these tests can't run here; empty when they can.
std::string reason_to_skip() {
  if (!std::getenv("TEMPER_LONG_DATA")) return "TEMPER_LONG_DATA isn't set: SmolLM2-135M takes minutes (--long)";
  if (!std::filesystem::exists(kModel)) return std::string(kModel) + " is missing: ./dev demo fetches it";
  return {};
}

Json smollm2_json(const std::string& name) {
  return parse_json(read_file(data("smollm2/" + name)), name);
}

class Smollm2Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = reason_to_skip(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

TEST_F(Smollm2Golden, ItsChatTemplateRendersAsTransformersDoes) {
  const auto source = io::Checkpoint::open(kModel).chat_template();
  ASSERT_TRUE(source);
  const std::string name = "SmolLM2-135M-Instruct.Q4_1.jinja";
  const Json expected = parse_json(read_file(data("chat_template/published.json")), "published.json").at(name);
  const std::string text = read_file(data("chat_template/conversations.json"));
  const auto conversations = parse_ordered_json(text, "conversations.json");
  ASSERT_EQ(conversations.size(), 50u);
  for (const auto& conversation : conversations) {
    const auto key = conversation.at("name").get<std::string>();
    EXPECT_EQ(testing::rendered_hash(*source, name, conversation), expected.at(key).get<std::string>()) << key;
  }
}

class Smollm2Score : public Smollm2Golden, public ::testing::WithParamInterface<const char*> {};

TEST_P(Smollm2Score, LogProbabilitiesEqualTransformers) {
  const io::SafetensorsFile reference(data("smollm2/score.safetensors"));
  const std::string name = GetParam();
  const std::vector<int32_t> ids = ids_of(reference.at(name + ".ids"));
  const std::vector<float> expected = io::to_f32(reference.at(name + ".logprobs"));
  Smollm2 smollm2(DType::f32);
  const std::vector<double> scores = score_tokens(smollm2.ctx, smollm2.language_model(), nullptr, ids);
  ASSERT_GE(ids.size(), 300u);
  ASSERT_EQ(scores.size(), ids.size());
  const std::vector<float> ours(scores.begin() + 1, scores.end());
  const double difference = max_difference(ours, expected);
  RecordProperty("largest_difference", std::to_string(difference));
  EXPECT_LT(difference, kLogProbability);
}

INSTANTIATE_TEST_SUITE_P(Texts, Smollm2Score, ::testing::Values("prose", "code", "languages", "records", "chat", "sql"),
                         [](const auto& info) { return std::string(info.param); });

// No step of the reference has its first two logits closer than 7e-3, so none may come out differently.
TEST_F(Smollm2Golden, GreedyContinuationsEqualTransformersAloneAndInABatch) {
  const Json reference = smollm2_json("greedy.json");
  Smollm2 smollm2(DType::f32);
  std::vector<std::vector<int32_t>> prompts, expected;
  for (const Json& entry : reference.at("prompts")) {
    const auto text = entry.at("text").get<std::string>();
    prompts.push_back(entry.at("ids"));
    expected.push_back(entry.at("greedy_ids"));
    EXPECT_EQ(smollm2.model.encode_rendered(text), prompts.back()) << text;
    if (entry.at("kind") != "chat") continue;
    const OrderedJson message = {{"role", "user"}, {"content", entry.at("prompt").get<std::string>()}};
    EXPECT_EQ(smollm2.model.render({.messages = OrderedJson::array({message})}, true).text, text);
  }
  ASSERT_EQ(prompts.size(), 20u);
  const GenerateOptions options{.max_tokens = 48, .ignore_eos = true};
  Generator generator(smollm2.ctx, smollm2.model, nullptr);
  const std::vector<Reply> together = generator.run(prompts, options);
  for (size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(together[i].ids, expected[i]) << "prompt " << i;
    if (i % 4 != 0) continue;  // alone costs as much as eight together
    EXPECT_EQ(generator.run(std::span(&prompts[i], 1), options)[0].ids, expected[i]) << "prompt " << i << " alone";
  }
}

/// The reference's adapter and batches on our side.
struct Training {
  Smollm2 smollm2;
  Json settings = smollm2_json("lora.json");
  io::SafetensorsFile reference{data("smollm2/lora.safetensors")};
  train::Dataset dataset;
  LoraAdapter adapter;

  explicit Training(DType dtype, Device device = {}, const BackendOptions& options = {})
      : smollm2(dtype, device, options), dataset(rows()), adapter(formula_adapter()) {}

  train::Dataset rows() const {
    const io::StoredTensor& input = reference.at("input_ids");
    const std::vector<int32_t> ids = ids_of(input);
    train::Dataset result;
    for (auto at = ids.begin(); at != ids.end(); at += input.shape.back())
      result.rows.push_back({.ids = {at, at + input.shape.back()},
                             .trained = std::vector<uint8_t>(static_cast<size_t>(input.shape.back()), 1)});
    return result;
  }

  LoraAdapter formula_adapter() {
    const LoraConfig config{
        .rank = settings.at("rank"), .alpha = settings.at("alpha"), .dropout = 0.0, .targets = {"all-linear"}};
    LoraAdapter made = LoraAdapter::create(smollm2.ctx, smollm2.language_model(), config, 0);
    std::vector<float> values(static_cast<size_t>(made.parameter_count()));
    for (const LoraSlot& slot : made.slots()) {
      const double bound = 1.0 / std::sqrt(static_cast<double>(slot.in_features));
      formula_values(factor_name(slot, 'A'), bound, part(values, slot, 'A'));
      formula_values(factor_name(slot, 'B'), settings.at("b_bound"), part(values, slot, 'B'));
    }
    made.parameters() = State(smollm2.ctx, upload(smollm2.ctx, values, {made.parameter_count()}));
    return made;
  }

  train::TrainConfig config() const {
    train::TrainConfig result;
    result.steps = 10;
    result.lr = settings.at("lr");
    result.weight_decay = settings.at("weight_decay");
    result.max_grad_norm = settings.at("max_grad_norm");
    result.schedule = train::Schedule::constant;
    result.warmup = 0;
    result.batches = {.batch_size = 4, .shuffle = false};
    return result;
  }

  static std::string factor_name(const LoraSlot& slot, char factor) {
    return "base_model.model." + slot.module + ".lora_" + factor + ".weight";
  }
  static std::span<float> part(std::vector<float>& values, const LoraSlot& slot, char factor) {
    const bool a = factor == 'A';
    return std::span(values).subspan(static_cast<size_t>(a ? slot.a_offset : slot.b_offset),
                                     static_cast<size_t>(a ? slot.a_elements() : slot.b_elements()));
  }
};

/// Row `index` of a reference tensor [.., n].
std::vector<float> row_of(const io::StoredTensor& tensor, size_t index) {
  const std::vector<float> all = io::to_f32(tensor);
  const auto n = tensor.shape.back();
  const auto begin = all.begin() + static_cast<int64_t>(index) * n;
  return {begin, begin + n};
}

TEST_F(Smollm2Golden, GradientOfEveryFactorEqualsPeft) {
  Training run(DType::f32);
  train::Trainer trainer(run.smollm2.ctx, run.smollm2.language_model(), run.adapter, run.dataset, nullptr,
                         run.config());
  const train::Trainer::StepGradients step = trainer.accumulate_gradients();
  const double loss = double{io::to_f32(run.reference.at("f32.losses"))[0]};
  EXPECT_NEAR(step.loss, loss, 1e-4 * loss);
  std::vector<float> gradients = read<float>(run.smollm2.ctx, trainer.gradients().tensor());
  std::vector<float> parameters = read<float>(run.smollm2.ctx, run.adapter.parameters().tensor());
  const std::vector<float> norms = io::to_f32(run.reference.at("grad_norms"));
  const auto names = run.settings.at("names").get<std::vector<std::string>>();
  ASSERT_EQ(names.size(), 2 * run.adapter.slots().size());
  double worst = 0;
  for (const LoraSlot& slot : run.adapter.slots())
    for (const char factor : {'A', 'B'}) {
      const std::string name = Training::factor_name(slot, factor);
      const auto index = static_cast<size_t>(std::ranges::find(names, name) - names.begin());
      ASSERT_LT(index, names.size()) << name;
      const std::span<float> gradient = Training::part(gradients, slot, factor);
      const std::span<float> values = Training::part(parameters, slot, factor);
      const double norm = double{norms[index]};
      const std::vector<float> picks = row_of(run.reference.at("grad_sample_indices"), index);  // below 2^24: exact
      const std::vector<float> samples = row_of(run.reference.at("grad_samples"), index);
      const std::vector<float> initial = row_of(run.reference.at("value_samples"), index);
      for (size_t i = 0; i < picks.size(); ++i) {
        const auto at = static_cast<size_t>(picks[i]);
        EXPECT_EQ(values[at], initial[i]) << name << " at " << at;
        EXPECT_NEAR(gradient[at], samples[i], kGradient * norm) << name << " at " << at;
      }
      const std::vector<float> projections = row_of(run.reference.at("grad_projections"), index);
      const double error = projected_distance(name, gradient, projections) / norm;
      EXPECT_LT(error, kGradient) << name;
      worst = std::max(worst, error);
    }
  RecordProperty("largest_relative_error", std::to_string(worst));
}

struct TenStepCase {
  const char* name;
  DType dtype;
  double tolerance;
};

void PrintTo(const TenStepCase& c, std::ostream* out) {
  *out << c.name;
}

class Smollm2TenSteps : public Smollm2Golden, public ::testing::WithParamInterface<TenStepCase> {};

TEST_P(Smollm2TenSteps, LossesAndGradientNormsEqualPeft) {
  const TenStepCase& c = GetParam();
  Training run(c.dtype);
  train::Trainer trainer(run.smollm2.ctx, run.smollm2.language_model(), run.adapter, run.dataset, nullptr,
                         run.config());
  std::vector<double> losses, norms;
  trainer.run(nullptr, {.on_step = [&](const train::StepMetrics& m) {
                losses.push_back(m.loss);
                norms.push_back(m.grad_norm);
              }});
  const std::string prefix = c.name;
  const std::vector<float> expected = io::to_f32(run.reference.at(prefix + ".losses"));
  const std::vector<float> expected_norms = io::to_f32(run.reference.at(prefix + ".step_grad_norms"));
  ASSERT_EQ(losses.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < losses.size(); ++i) {
    EXPECT_NEAR(losses[i], expected[i], c.tolerance * expected[i]) << "step " << i;
    EXPECT_NEAR(norms[i], expected_norms[i], 10 * c.tolerance * expected_norms[i]) << "step " << i;
    worst = std::max(worst, std::abs(losses[i] / double{expected[i]} - 1.0));
  }
  RecordProperty("largest_relative_error", std::to_string(worst));
}

INSTANTIATE_TEST_SUITE_P(Peft, Smollm2TenSteps,
                         ::testing::Values(TenStepCase{"f32", DType::f32, 1e-3}, TenStepCase{"bf16", DType::bf16, 2e-2}),
                         [](const auto& info) { return std::string(info.param.name); });

/// On Metal, with each kind of product: little of it, for the emulated device takes its time.
class Smollm2OnMetal : public Smollm2Golden, public ::testing::WithParamInterface<GemmChoice> {
 protected:
  void SetUp() override {
    Smollm2Golden::SetUp();
    if (std::ranges::count(available_devices(), DeviceType::metal) == 0) GTEST_SKIP() << "no Metal backend is built";
  }
};

struct OneStep {
  train::StepMetrics metrics;
  Counters counters;
};

/// A step on one row of 32 tokens.
OneStep step_on(Device device, const BackendOptions& options) {
  Training run(DType::f32, device, options);
  train::Row& row = run.dataset.rows.front();
  row.ids.resize(32);
  row.trained.resize(32);
  run.dataset.rows.resize(1);
  train::TrainConfig config = run.config();
  config.steps = 1;
  config.batches.batch_size = 1;
  train::Trainer trainer(run.smollm2.ctx, run.smollm2.language_model(), run.adapter, run.dataset, nullptr, config);
  OneStep step;
  trainer.run(nullptr, {.on_step = [&](const train::StepMetrics& m) { step.metrics = m; }});
  step.counters = run.smollm2.ctx.counters();
  return step;
}

TEST_P(Smollm2OnMetal, ATrainingStepEqualsTheCpus) {
  const OneStep want = step_on({DeviceType::cpu, 0}, {}), got = step_on({DeviceType::metal, 0}, {.gemm = GetParam()});
  EXPECT_NEAR(got.metrics.loss, want.metrics.loss, 1e-4 * want.metrics.loss);
  EXPECT_NEAR(got.metrics.grad_norm, want.metrics.grad_norm, 1e-3 * want.metrics.grad_norm);
  EXPECT_TRUE(got.counters.placed.empty()) << to_string(got.counters);
}

TEST_P(Smollm2OnMetal, EightGreedyTokensEqualTransformers) {
  const Json entry = smollm2_json("greedy.json").at("prompts").at(0);
  const std::vector<int32_t> prompt = entry.at("ids"), greedy = entry.at("greedy_ids");
  Smollm2 smollm2(DType::f32, {DeviceType::metal, 0}, {.gemm = GetParam()});
  Generator generator(smollm2.ctx, smollm2.model, nullptr);
  const std::vector<Reply> replies = generator.run(std::span(&prompt, 1), {.max_tokens = 8, .ignore_eos = true});
  EXPECT_EQ(replies[0].ids, std::vector<int32_t>(greedy.begin(), greedy.begin() + 8));
  EXPECT_TRUE(smollm2.ctx.counters().placed.empty()) << to_string(smollm2.ctx.counters());
}

INSTANTIATE_TEST_SUITE_P(Products, Smollm2OnMetal, ::testing::Values(GemmChoice::mps, GemmChoice::own),
                         [](const auto& info) { return std::string(info.param == GemmChoice::mps ? "mps" : "own"); });

}  // namespace
}  // namespace temper::golden
