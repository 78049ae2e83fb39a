#include "io/gguf_llama.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "temper/error.h"

namespace temper::io {
namespace {

TEST(GgufNames, MapToHuggingFaceNamesAndBack) {
  const std::pair<std::string, std::string> pairs[] = {
      {"token_embd.weight", "model.embed_tokens.weight"},
      {"output_norm.weight", "model.norm.weight"},
      {"output.weight", "lm_head.weight"},
      {"blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight"},
      {"blk.12.attn_k.bias", "model.layers.12.self_attn.k_proj.bias"},
      {"blk.3.attn_v.weight", "model.layers.3.self_attn.v_proj.weight"},
      {"blk.3.attn_output.weight", "model.layers.3.self_attn.o_proj.weight"},
      {"blk.3.attn_norm.weight", "model.layers.3.input_layernorm.weight"},
      {"blk.3.ffn_norm.weight", "model.layers.3.post_attention_layernorm.weight"},
      {"blk.103.ffn_gate.weight", "model.layers.103.mlp.gate_proj.weight"},
      {"blk.3.ffn_up.weight", "model.layers.3.mlp.up_proj.weight"},
      {"blk.3.ffn_down.weight", "model.layers.3.mlp.down_proj.weight"},
  };
  for (const auto& [gguf, hf] : pairs) {
    EXPECT_EQ(hf_name_of(gguf), hf);
    EXPECT_EQ(gguf_name_of(hf), gguf);
  }
}

TEST(GgufNames, OthersHaveNone) {
  for (const char* name : {"", "weight", "blk.0.attn_q", "blk.attn_q.weight", "blk.0.attn_q_norm.weight",
                           "blk.0x.attn_q.weight", "blk.00.attn_q.weight", "blk.9999999.attn_q.weight", "blk.0.weight",
                           "blk.0.attn_q.scale", "rope_freqs.weight", "blk.0.ffn_gate_exps.weight"})
    EXPECT_EQ(hf_name_of(name), std::nullopt) << name;
}

TEST(UnpermuteRows, PutsPairsIntoHalves) {
  // Two heads of dimension 4: GGUF holds the Hugging Face rows 0 2 1 3 of each head.
  const float stored[8][1] = {{0}, {2}, {1}, {3}, {10}, {12}, {11}, {13}};
  const StoredTensor tensor{"blk.0.attn_q.weight", {8, 1}, DType::f32, std::as_bytes(std::span(stored)), nullptr};
  EXPECT_EQ(to_f32(unpermute_rows(tensor, 2, 4, "test")), (std::vector<float>{0, 1, 2, 3, 10, 11, 12, 13}));
  EXPECT_THROW(unpermute_rows(tensor, 3, 4, "test"), Error);
}

TEST(UnpermuteRows, RefusesATensorWithoutElements) {
  EXPECT_THROW(unpermute_rows({"blk.0.attn_q.weight", {8, 0}, DType::f32, {}, nullptr}, 2, 4, "test"), Error);
  EXPECT_THROW(unpermute_rows({"blk.0.attn_q.weight", {0, 8}, DType::f32, {}, nullptr}, 0, 4, "test"), Error);
}

std::vector<float> llama3_factors(const RopeScaling& scaling, double theta, size_t count) {
  std::vector<float> factors;
  for (size_t i = 0; i < count; ++i) {
    const double wavelength =
        2 * std::numbers::pi * std::pow(theta, static_cast<double>(i) / static_cast<double>(count));
    const auto context = static_cast<double>(scaling.original_max_position_embeddings);
    const double low = context / scaling.low_freq_factor, high = context / scaling.high_freq_factor;
    const double smooth =
        (context / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
    factors.push_back(static_cast<float>(wavelength < high  ? 1
                                         : wavelength > low ? scaling.factor
                                                            : 1 / ((1 - smooth) / scaling.factor + smooth)));
  }
  return factors;
}

TEST(RopeFactors, GiveBackTheLlama3ScalingTheyCameFrom) {
  for (const RopeScaling& scaling : {RopeScaling{"llama3", 8, 1, 4, 8192}, RopeScaling{"llama3", 32, 1, 4, 8192},
                                     RopeScaling{"llama3", 16, 2, 6, 8192}}) {
    for (const size_t half_dim : {32u, 64u}) {
      const auto factors = llama3_factors(scaling, 5e5, half_dim);
      const auto found = rope_scaling_from_factors(factors, 5e5, 8192, "test");
      ASSERT_TRUE(found);
      EXPECT_EQ(*found, scaling);
    }
  }
}

TEST(RopeFactors, OnesAreNoScalingAndOthersAreRefused) {
  EXPECT_EQ(rope_scaling_from_factors(std::vector<float>(32, 1.0f), 1e4, 8192, "test"), std::nullopt);
  std::vector<float> odd(32, 1.0f);
  odd[0] = 3;
  EXPECT_THROW(rope_scaling_from_factors(odd, 1e4, 8192, "test"), Error);
  odd[0] = std::nanf("");
  EXPECT_THROW(rope_scaling_from_factors(odd, 1e4, 8192, "test"), Error);
}

}  // namespace
}  // namespace temper::io
