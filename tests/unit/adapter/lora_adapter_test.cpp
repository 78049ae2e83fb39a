#include "adapter/lora_adapter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "device/transfer.h"
#include "io/safetensors.h"
#include "support/golden_models.h"
#include "support/test_folder.h"

namespace temper {
namespace {

using testing::error_of;
using testing::golden_path;
using testing::GoldenModel;
using testing::TestFolder;

std::vector<float> parameters(Context& ctx, const LoraAdapter& adapter) {
  return read<float>(ctx, adapter.parameters().tensor());
}

/// Logits of row 0 of a golden reference with an adapter, and the largest difference from PEFT's.
double distance_from_peft(GoldenModel& golden, const LoraAdapter& adapter, const std::string& name) {
  const io::SafetensorsFile reference(golden_path("lora/" + name + "/reference.safetensors"));
  const io::StoredTensor& input = reference.at("input_ids");
  const std::vector<float> ids = io::to_f32(input);
  const std::vector<std::vector<int32_t>> row = {std::vector<int32_t>(ids.begin(), ids.begin() + input.shape[1])};
  const BoundAdapter bound = adapter.bind();
  const LanguageModel& model = golden.language_model();
  const Tensor hidden = model.hidden(golden.ctx, make_token_batch(golden.ctx, row), {.adapter = &bound});
  const std::vector<float> logits = read<float>(golden.ctx, model.logits(golden.ctx, hidden));
  const std::vector<float> expected = io::to_f32(reference.at("logits"));
  EXPECT_EQ(logits.size(), expected.size());
  double worst = 0.0;
  for (size_t i = 0; i < logits.size(); ++i) worst = std::max(worst, std::abs(double{logits[i]} - expected[i]));
  return worst;
}

/// A copy of a golden adapter whose tensors `change` may edit before they are written.
using Tensors = std::vector<io::TensorToWrite>;
void write_changed(const std::filesystem::path& folder, const std::function<void(Tensors&)>& change) {
  const std::filesystem::path source = golden_path("lora/gqa_tied/adapter");
  const io::SafetensorsFile file(source / "adapter_model.safetensors");
  Tensors tensors;
  for (const io::StoredTensor& tensor : file.tensors())
    tensors.push_back({tensor.name, std::get<DType>(tensor.type), tensor.shape, tensor.bytes});
  change(tensors);
  io::write_safetensors(folder / "adapter_model.safetensors", tensors);
  write_file_atomic(folder / "adapter_config.json", read_file(source / "adapter_config.json"));
}

TEST(LoraAdapter, PeftFoldersGivePeftsLogits) {
  // Rank and alpha, a regex of targets, and rsLoRA with rank and alpha patterns.
  const std::pair<const char*, const char*> kCases[] = {{"gqa_tied", "tiny_llama/gqa_tied"},
                                                        {"untied_llama3rope", "tiny_llama/untied_llama3rope"},
                                                        {"gqa_tied_variant", "tiny_llama/gqa_tied"}};
  for (const auto& [name, base] : kCases) {
    GoldenModel golden(base);
    std::string summary;
    const auto adapter = LoraAdapter::load_peft(golden.ctx, golden.language_model(),
                                                golden_path(std::string("lora/") + name + "/adapter"), &summary);
    EXPECT_TRUE(summary.starts_with("matched ")) << summary;
    EXPECT_LT(distance_from_peft(golden, adapter, name), 2e-4) << name;  // logits reach 10; f32 sums in another order
  }
}

TEST(LoraAdapter, ANewOneChangesNothingAndStartsAsPeftDoes) {
  GoldenModel golden;
  const auto adapter = LoraAdapter::create(golden.ctx, golden.language_model(), {.rank = 4, .alpha = 8}, 7);
  const std::vector<float> values = parameters(golden.ctx, adapter);
  ASSERT_EQ(adapter.slots().size(), golden.language_model().linears().size());
  for (const LoraSlot& slot : adapter.slots()) {
    const float bound = 1.0f / std::sqrt(static_cast<float>(slot.in_features));
    float largest = 0.0f;
    for (int64_t i = 0; i < slot.a_elements(); ++i)
      largest = std::max(largest, std::abs(values[static_cast<size_t>(slot.a_offset + i)]));
    EXPECT_LE(largest, bound);
    EXPECT_GT(largest, 0.8f * bound) << "uniform draws come near their bound";
    for (int64_t i = 0; i < slot.b_elements(); ++i)
      ASSERT_EQ(values[static_cast<size_t>(slot.b_offset + i)], 0.0f) << slot.module;
  }
  const auto again = LoraAdapter::create(golden.ctx, golden.language_model(), {.rank = 4, .alpha = 8}, 7);
  EXPECT_EQ(values, parameters(golden.ctx, again));
  const auto other = LoraAdapter::create(golden.ctx, golden.language_model(), {.rank = 4, .alpha = 8}, 8);
  EXPECT_NE(values, parameters(golden.ctx, other));
}

TEST(LoraAdapter, SavedFoldersLoadBitExactly) {
  const TestFolder folder;
  GoldenModel golden;
  const auto adapter =
      LoraAdapter::load_peft(golden.ctx, golden.language_model(), golden_path("lora/gqa_tied_variant/adapter"));
  adapter.save_peft(golden.ctx, folder.path());
  const auto again = LoraAdapter::load_peft(golden.ctx, golden.language_model(), folder.path());
  EXPECT_EQ(parameters(golden.ctx, adapter), parameters(golden.ctx, again));
  ASSERT_EQ(adapter.slots().size(), again.slots().size());
  for (size_t i = 0; i < adapter.slots().size(); ++i) {
    EXPECT_EQ(adapter.slots()[i].module, again.slots()[i].module);
    EXPECT_EQ(adapter.slots()[i].rank, again.slots()[i].rank);
    EXPECT_EQ(adapter.slots()[i].scale, again.slots()[i].scale);
  }
  // The tensors that PEFT wrote, byte for byte.
  const io::SafetensorsFile ours(folder / "adapter_model.safetensors");
  const io::SafetensorsFile theirs(golden_path("lora/gqa_tied_variant/adapter/adapter_model.safetensors"));
  ASSERT_EQ(ours.tensors().size(), theirs.tensors().size());
  for (const io::StoredTensor& tensor : theirs.tensors()) {
    EXPECT_EQ(ours.at(tensor.name).shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(ours.at(tensor.name).bytes, tensor.bytes)) << tensor.name;
  }
}

TEST(LoraAdapter, FactorsOfSquareLayersKeepTheirOrientation) {
  // q_proj is [64, 64]: with rank 64 both factors are square as well, so only the arithmetic can tell them apart.
  const TestFolder folder;
  GoldenModel golden;
  const auto& layers = golden.language_model().linears();
  const auto q =
      std::ranges::find_if(layers, [](const LinearLayer& l) { return l.name.ends_with("layers.0.self_attn.q_proj"); });
  ASSERT_NE(q, layers.end());
  const int64_t n = q->weight->rows();
  ASSERT_EQ(n, q->weight->columns());
  // A moves input 3 to rank 5, B moves rank 5 to output 9.
  const auto size = static_cast<size_t>(n * n);
  std::vector<float> a(size, 0.0f), b(size, 0.0f);
  a[static_cast<size_t>(5 * n + 3)] = 1.0f;
  b[static_cast<size_t>(9 * n + 5)] = 1.0f;
  const std::string prefix = "base_model.model." + q->name;
  const Tensors tensors = {{prefix + ".lora_A.weight", DType::f32, {n, n}, std::as_bytes(std::span(a))},
                           {prefix + ".lora_B.weight", DType::f32, {n, n}, std::as_bytes(std::span(b))}};
  io::write_safetensors(folder / "adapter_model.safetensors", tensors);
  testing::write_text(
      folder / "adapter_config.json",
      R"({"peft_type": "LORA", "r": 64, "lora_alpha": 64, "target_modules": ["layers.0.self_attn.q_proj"]})");
  const auto adapter = LoraAdapter::load_peft(golden.ctx, golden.language_model(), folder.path());
  ASSERT_EQ(adapter.slots().size(), 1u);
  const BoundAdapter bound = adapter.bind();
  const LoraFactors& factors = bound[static_cast<size_t>(adapter.slots()[0].linear_index)];
  EXPECT_EQ(read<float>(golden.ctx, factors.a), a);
  EXPECT_EQ(read<float>(golden.ctx, factors.b), b);
}

TEST(LoraAdapter, MissingTensorsAreListed) {
  const TestFolder folder;
  GoldenModel golden;
  write_changed(folder.path(), [](Tensors& tensors) {
    std::erase_if(tensors, [](const auto& t) { return t.name.find("layers.1.mlp.up_proj") != std::string::npos; });
  });
  const std::string message =
      error_of([&] { LoraAdapter::load_peft(golden.ctx, golden.language_model(), folder.path()); });
  EXPECT_NE(message.find("matched 40 of 42"), std::string::npos) << message;
  EXPECT_NE(message.find("2 missing: base_model.model.model.layers.1.mlp.up_proj.lora_A.weight"), std::string::npos)
      << message;
}

TEST(LoraAdapter, UnexpectedTensorsAreListed) {
  const TestFolder folder;
  GoldenModel golden;
  const std::vector<float> more(4, 0.0f);
  write_changed(folder.path(), [&](Tensors& tensors) {
    tensors.push_back({"base_model.model.lm_head.weight", DType::f32, {2, 2}, std::as_bytes(std::span(more))});
  });
  const std::string message =
      error_of([&] { LoraAdapter::load_peft(golden.ctx, golden.language_model(), folder.path()); });
  EXPECT_NE(message.find("1 unexpected: base_model.model.lm_head.weight"), std::string::npos) << message;
}

TEST(LoraAdapter, TransposedFactorsAreRefused) {
  const TestFolder folder;
  GoldenModel golden;
  write_changed(folder.path(), [](Tensors& tensors) {
    for (auto& tensor : tensors)
      if (tensor.name.ends_with("layers.0.mlp.up_proj.lora_A.weight")) std::swap(tensor.shape[0], tensor.shape[1]);
  });
  const std::string message =
      error_of([&] { LoraAdapter::load_peft(golden.ctx, golden.language_model(), folder.path()); });
  EXPECT_NE(message.find("up_proj.lora_A.weight is [64,4], [4,64] is expected"), std::string::npos) << message;
}

TEST(LoraAdapter, AnAdapterOfAnotherModelIsRefused) {
  GoldenModel golden("tiny_llama/mha_f16");
  EXPECT_THROW(LoraAdapter::load_peft(golden.ctx, golden.language_model(), golden_path("lora/gqa_tied/adapter")),
               Error);
}

TEST(LoraAdapter, AFolderThatIsNoneIsNamed) {
  GoldenModel golden;
  const std::string message =
      error_of([&] { LoraAdapter::load_peft(golden.ctx, golden.language_model(), "no/such/folder"); });
  EXPECT_TRUE(message.starts_with("adapter no/such/folder: no such folder")) << message;
}

}  // namespace
}  // namespace temper
