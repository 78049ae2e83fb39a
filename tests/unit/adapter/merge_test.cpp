#include "adapter/merge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "adapter/logit_distance.h"
#include "base/file.h"
#include "base/json.h"
#include "io/safetensors.h"
#include "support/golden_models.h"
#include "support/test_folder.h"

namespace temper {
namespace {

using testing::error_of;
using testing::golden_path;
using testing::GoldenModel;
using testing::TestFolder;

MergeResult merge_golden(const std::string& base, const std::string& adapter, const std::filesystem::path& folder,
                         const MergeOptions& options) {
  GoldenModel golden(base);
  std::vector<LoraUpdate> updates;
  if (!adapter.empty())
    updates =
        lora_updates(golden.ctx, LoraAdapter::load_peft(golden.ctx, golden.language_model(), golden_path(adapter)));
  return write_merged_model(golden.model.checkpoint(), updates, folder, options);
}

std::vector<float> logits_of_folder(const std::filesystem::path& folder, const io::StoredTensor& input, size_t tokens) {
  const auto backend = open_backend({DeviceType::cpu, 0}, {.threads = 2});
  Context ctx(backend);
  const TextModel model = TextModel::load(*backend, ctx, folder, {.dtype = DType::f32});
  const std::vector<float> ids = io::to_f32(input);
  return sequence_logits(ctx, model.language_model(), nullptr,
                         std::vector<int32_t>(ids.begin(), ids.begin() + static_cast<int64_t>(tokens)));
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0.0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) worst = std::max(worst, std::abs(double{a[i]} - b[i]));
  return worst;
}

TEST(Merge, FoldersGiveTheLogitsOfPeftsMergedModel) {
  for (const std::string name : {"gqa_tied", "untied_llama3rope"}) {
    const TestFolder folder;
    merge_golden("tiny_llama/" + name, "lora/" + name + "/adapter", folder.path(), {.dtype = DType::f32});
    const io::SafetensorsFile reference(golden_path("lora/" + name + "/reference.safetensors"));
    const std::vector<float> expected = io::to_f32(reference.at("merged_logits"));
    const std::vector<float> logits = logits_of_folder(folder.path(), reference.at("input_ids"), expected.size() / 384);
    EXPECT_LT(largest_difference(logits, expected), 2e-4) << name;  // logits reach 10; f32 sums in another order
  }
}

TEST(Merge, AGgufBaseBecomesAFolderInHuggingFaceLayout) {
  const TestFolder folder;
  const MergeResult result = merge_golden("tiny_gguf/gqa_tied.gguf", "", folder.path(), {.dtype = DType::f32});
  EXPECT_EQ(result.tensors, 29);
  const io::SafetensorsFile reference(golden_path("tiny_gguf/reference.safetensors"));
  const io::SafetensorsFile weights(folder / "model.safetensors");
  int compared = 0;
  for (const io::StoredTensor& tensor : reference.tensors()) {
    if (!tensor.name.starts_with("weight.")) continue;
    EXPECT_EQ(io::to_f32(weights.at(tensor.name.substr(7))), io::to_f32(tensor)) << tensor.name;
    ++compared;
  }
  EXPECT_EQ(compared, 9);  // all weights of layer 1
  const std::vector<float> expected = io::to_f32(reference.at("s1.logits"));
  const std::vector<float> logits =
      logits_of_folder(folder.path(), reference.at("s1.input_ids"), expected.size() / 384);
  EXPECT_LT(largest_difference(logits, expected), 2e-4);

  const TextProcessor gguf = TextProcessor::open(golden_path("tiny_gguf/gqa_tied.gguf"));
  const TextProcessor merged = TextProcessor::open(folder.path());
  EXPECT_EQ(probe_tokens(merged), probe_tokens(gguf));
  EXPECT_EQ(merged.checkpoint().chat_template(), gguf.checkpoint().chat_template());
  EXPECT_EQ(merged.stop_tokens(), gguf.stop_tokens());
  EXPECT_EQ(merged.tokenizer().bos(), gguf.tokenizer().bos());
}

TEST(Merge, TiedHeadsStayTied) {
  const TestFolder folder;
  merge_golden("tiny_llama/gqa_tied", "lora/gqa_tied/adapter", folder.path(), {});
  const io::Checkpoint merged = io::Checkpoint::open(folder.path());
  EXPECT_TRUE(merged.config().tie_word_embeddings);
  EXPECT_FALSE(merged.has("lm_head.weight"));
}

TEST(Merge, UntouchedWeightsOfTheSameTypeKeepTheirBits) {
  const TestFolder folder;
  merge_golden("tiny_llama/untied_llama3rope", "lora/untied_llama3rope/adapter", folder.path(), {});
  const io::Checkpoint base = io::Checkpoint::open(golden_path("tiny_llama/untied_llama3rope"));
  const io::Checkpoint merged = io::Checkpoint::open(folder.path());
  for (const std::string& name : base.names()) {
    const bool adapted = name.find("_proj.weight") != std::string::npos;
    EXPECT_EQ(std::ranges::equal(base.tensor(name).bytes, merged.tensor(name).bytes), !adapted) << name;
  }
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"})
    EXPECT_EQ(read_file(base.path() / file), read_file(folder / file));
}

TEST(Merge, TheTypeIsTheOneThatHoldsTheBaseBest) {
  const auto type_of = [](const char* base) { return merged_dtype(io::Checkpoint::open(golden_path(base))); };
  EXPECT_EQ(type_of("tiny_llama/untied_llama3rope"), DType::bf16);
  EXPECT_EQ(type_of("tiny_llama/mha_f16"), DType::f16);
  EXPECT_EQ(type_of("tiny_llama/gqa_tied"), DType::bf16);
  EXPECT_EQ(type_of("tiny_gguf/gqa_tied.gguf"), DType::f16);
}

TEST(Merge, TheConfigurationNamesTheStoredType) {
  const TestFolder folder;
  merge_golden("tiny_llama/gqa_tied", "", folder.path(), {.dtype = DType::f16});
  const Json config = parse_json(read_file(folder / "config.json"), "config.json");
  EXPECT_EQ(config.at("torch_dtype"), "float16");
  EXPECT_FALSE(config.contains("dtype"));
  EXPECT_TRUE(config.contains("rope_parameters")) << "keys of the base's file survive";
}

TEST(Merge, LargeModelsAreSharded) {
  const TestFolder whole, sharded_parent;
  const std::filesystem::path sharded = sharded_parent / "sharded";
  merge_golden("tiny_llama/gqa_tied", "", whole.path(), {.dtype = DType::f32});
  std::filesystem::create_directories(sharded);
  const MergeResult result =
      merge_golden("tiny_llama/gqa_tied", "", sharded, {.dtype = DType::f32, .max_shard_bytes = 120'000});
  EXPECT_GT(result.files, 3u);
  EXPECT_TRUE(std::filesystem::exists(sharded / "model.safetensors.index.json"));
  EXPECT_FALSE(std::filesystem::exists(sharded / "model.safetensors"));
  const io::Checkpoint a = io::Checkpoint::open(whole.path()), b = io::Checkpoint::open(sharded);
  ASSERT_EQ(a.names().size(), b.names().size());
  for (const std::string& name : a.names()) EXPECT_EQ(io::to_f32(a.tensor(name)), io::to_f32(b.tensor(name)));
}

TEST(Merge, AnUpdateWithoutItsWeightIsRefused) {
  const TestFolder folder;
  const io::Checkpoint base = io::Checkpoint::open(golden_path("tiny_llama/gqa_tied"));
  const auto message_for = [&](const LoraUpdate& update) {
    return error_of([&] { write_merged_model(base, std::span(&update, 1), folder.path(), {}); });
  };
  EXPECT_NE(message_for({"model.layers.9.mlp.up_proj", 1, 64, 96, 1.0f, {}, {}}).find("no weight"), std::string::npos);
  EXPECT_NE(message_for({"model.layers.0.mlp.up_proj", 1, 96, 64, 1.0f, {}, {}}).find("is [96,64]"), std::string::npos);
}

TEST(Merge, AWeightThatTheTypeCantHoldIsAnError) {
  const TestFolder folder;
  const io::Checkpoint base = io::Checkpoint::open(golden_path("tiny_llama/gqa_tied"));
  LoraUpdate update{"model.layers.0.mlp.up_proj", 1, 64, 96, 1.0f, std::vector<float>(64, 1.0f),
                    std::vector<float>(96, 1e5f)};
  const std::string message =
      error_of([&] { write_merged_model(base, std::span(&update, 1), folder.path(), {.dtype = DType::f16}); });
  EXPECT_NE(message.find("--dtype bf16"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors"));
}

TEST(LoraUpdate, NormIsThatOfTheProduct) {
  LoraUpdate update{"m", 2, 3, 2, 0.5f, {1, 2, 3, -1, 0, 4}, {2, 1, -1, 3}};
  std::vector<float> rows(6, 0.0f);
  update.add_to(rows, 0);
  const std::vector<float> expected = {0.5f, 2.0f, 5.0f, -2.0f, -1.0f, 4.5f};  // 0.5 B A by hand
  EXPECT_EQ(rows, expected);
  double squares = 0.0;
  for (const float value : expected) squares += double{value} * value;
  EXPECT_NEAR(update.norm(), std::sqrt(squares), 1e-12);
  std::vector<float> second_row(3, 0.0f);
  update.add_to(second_row, 1);
  EXPECT_EQ(second_row, std::vector<float>(expected.begin() + 3, expected.end()));
}

TEST(LogitDistance, IsZeroForEqualLogitsAndForAShift) {
  const std::vector<float> logits = {1, 2, 3, 0, -1, 4}, shifted = {2, 3, 4, 0, -1, 4};
  EXPECT_EQ(logit_distance(logits, logits, 3).kl, 0.0);
  EXPECT_NEAR(logit_distance(logits, shifted, 3).kl, 0.0, 1e-12);
  EXPECT_EQ(logit_distance(logits, shifted, 3).max_abs, 1.0);
}

TEST(LogitDistance, IsTheMeanDivergenceOfTheTokens) {
  // p = (1/2, 1/2), q = (3/4, 1/4): KL = ln(2) - ln(3)/2; the second token agrees.
  const float ln3 = std::log(3.0f);
  const std::vector<float> p = {0, 0, 5, 5}, q = {ln3, 0, 5, 5};
  EXPECT_NEAR(logit_distance(p, q, 2).kl, 0.5 * (std::log(2.0) - 0.5 * std::log(3.0)), 1e-6);
}

TEST(LogitDistance, ValuesThatAreNoNumbersAreInfinitelyFar) {
  const std::vector<float> p = {0, 0}, q = {std::numeric_limits<float>::quiet_NaN(), 0};
  EXPECT_FALSE(logit_distance(p, q, 2).kl <= 1e9);
}

TEST(LogitDistance, ALostAdapterIsFarMoreThanRounding) {
  GoldenModel golden;
  const auto adapter =
      LoraAdapter::load_peft(golden.ctx, golden.language_model(), golden_path("lora/gqa_tied/adapter"));
  const BoundAdapter bound = adapter.bind();
  const std::vector<int32_t> ids = probe_tokens(golden.model);
  const auto with = sequence_logits(golden.ctx, golden.language_model(), &bound, ids);
  const auto without = sequence_logits(golden.ctx, golden.language_model(), nullptr, ids);
  EXPECT_GT(logit_distance(with, without, 384).kl, 10 * allowed_merge_kl(DType::bf16));
}

}  // namespace
}  // namespace temper
