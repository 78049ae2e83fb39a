#include <gtest/gtest.h>

#include "device/transfer.h"
#include "generate/generator.h"
#include "golden/golden.h"

namespace temper::golden {
namespace {

struct Case {
  const char* model;
  const char* reference;
  std::vector<std::string> sequences;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.model;
}

class LlamaGolden : public testing::TestWithParam<Case> {
 protected:
  io::SafetensorsFile reference_{data(GetParam().reference)};
};

// f32 against f32 in another summation order: logits are of order 10, 24 bits leave 1e-5 after a few layers.
constexpr double kLogitTolerance = 1e-4;

std::vector<float> logits_of(Loaded& loaded, const std::vector<int32_t>& ids) {
  const std::vector<std::vector<int32_t>> sequences = {ids};
  const LanguageModel& model = loaded.model.language_model();
  const Tensor hidden = model.hidden(loaded.ctx, make_token_batch(loaded.ctx, sequences), {});
  return read<float>(loaded.ctx, model.logits(loaded.ctx, hidden));
}

TEST_P(LlamaGolden, LogitsEqualTransformers) {
  Loaded loaded(GetParam().model);
  for (const std::string& s : GetParam().sequences) {
    const std::vector<float> logits = logits_of(loaded, ids_of(reference_.at(s + ".input_ids")));
    EXPECT_LT(max_difference(logits, io::to_f32(reference_.at(s + ".logits"))), kLogitTolerance) << s;
  }
}

TEST_P(LlamaGolden, GreedyContinuationsEqualTransformersAloneAndInABatch) {
  Loaded loaded(GetParam().model);
  std::vector<std::vector<int32_t>> prompts;
  for (const std::string& s : GetParam().sequences) prompts.push_back(ids_of(reference_.at(s + ".input_ids")));
  const GenerateOptions options{.max_tokens = 24, .ignore_eos = true};
  Generator generator(loaded.ctx, loaded.model, nullptr);
  const std::vector<Reply> together = generator.run(prompts, options);
  for (size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<int32_t> expected = ids_of(reference_.at(GetParam().sequences[i] + ".greedy_ids"));
    EXPECT_EQ(together[i].ids, expected);
    EXPECT_EQ(generator.run(std::span(&prompts[i], 1), options)[0].ids, expected);
  }
}

TEST_P(LlamaGolden, DeferredModeGivesTheSameBits) {
  Loaded loaded(GetParam().model);
  const std::vector<int32_t> ids = ids_of(reference_.at(GetParam().sequences.back() + ".input_ids"));
  const std::vector<float> expected = logits_of(loaded, ids);
  for (const uint64_t seed : {1, 2, 3}) {
    const std::vector<std::vector<int32_t>> sequences = {ids};
    Context deferred(loaded.backend, {.deferred = true, .shuffle_seed = seed});
    const LanguageModel& model = loaded.model.language_model();
    const Tensor hidden = model.hidden(deferred, make_token_batch(deferred, sequences), {});
    EXPECT_EQ(read<float>(deferred, model.logits(deferred, hidden)), expected) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tiny, LlamaGolden,
    testing::Values(
        Case{"tiny_llama/gqa_tied", "tiny_llama/gqa_tied/reference.safetensors", {"s0", "s1", "s2"}},
        Case{"tiny_llama/untied_llama3rope", "tiny_llama/untied_llama3rope/reference.safetensors", {"s0", "s1", "s2"}},
        Case{"tiny_llama/mha_f16", "tiny_llama/mha_f16/reference.safetensors", {"s0", "s1", "s2"}},
        Case{"tiny_gguf/gqa_tied.gguf", "tiny_gguf/reference.safetensors", {"s1", "s2"}}),
    [](const auto& info) {
      std::string name = info.param.model;
      for (char& c : name)
        if (!isalnum(static_cast<unsigned char>(c))) c = '_';
      return name;
    });

TEST(ScoreGolden, LogProbabilitiesEqualTransformers) {
  Loaded loaded("tiny_llama/gqa_tied");
  const io::SafetensorsFile reference(data("tiny_llama/gqa_tied/reference.safetensors"));
  const std::vector<double> scores =
      score_tokens(loaded.ctx, loaded.model.language_model(), nullptr, ids_of(reference.at("s2.input_ids")));
  const std::vector<float> expected = io::to_f32(reference.at("s2.next_logprobs"));
  ASSERT_EQ(scores.size(), expected.size() + 1);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(scores[i + 1], expected[i], 1e-4) << i;
}

TEST(QuantizedGolden, KeepingTheBlocksGivesTheSameLogits) {
  Loaded dense("tiny_gguf/gqa_tied.gguf");
  const std::vector<int32_t> ids = {5, 17, 200, 31, 8, 100};
  const std::vector<float> expected = logits_of(dense, ids);
  Loaded quantized("tiny_gguf/gqa_tied.gguf");
  quantized.model = TextModel::load(*quantized.backend, quantized.ctx, data("tiny_gguf/gqa_tied.gguf"),
                                    {.dtype = DType::f32, .quantized = true});
  EXPECT_LT(quantized.model.language_model().weight_bytes(), dense.model.language_model().weight_bytes());
  EXPECT_LT(max_difference(logits_of(quantized, ids), expected), kLogitTolerance);
}

}  // namespace
}  // namespace temper::golden
