#include "io/model_config.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/json.h"
#include "temper/error.h"
#include "unit/io/format_builders.h"

namespace temper::io {
namespace {

using namespace test;

ModelConfig with(const std::function<void(Json&)>& change) {
  Json object = parse_json(tiny_llama_config(), "tiny");
  change(object);
  return config_from_json(object.dump(), "config.json");
}

TEST(ModelConfig, ReadsALlamaConfig) {
  const ModelConfig config = config_from_json(tiny_llama_config(), "config.json");
  EXPECT_EQ(config.model_type, "llama");
  EXPECT_EQ(config.architecture, "LlamaForCausalLM");
  EXPECT_EQ(config.vocab_size, 6);
  EXPECT_EQ(config.hidden_size, 32);
  EXPECT_EQ(config.intermediate_size, 32);
  EXPECT_EQ(config.num_layers, 1);
  EXPECT_EQ(config.num_heads, 2);
  EXPECT_EQ(config.num_kv_heads, 1);
  EXPECT_EQ(config.head_dim, 16);
  EXPECT_EQ(config.max_position_embeddings, 64);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  EXPECT_EQ(config.rope_theta, 1e5);
  EXPECT_EQ(config.rope_scaling, std::nullopt);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ(config.bos_token_id, 1);
  EXPECT_EQ(config.eos_token_ids, (std::vector<int64_t>{2}));
  EXPECT_EQ(config.pad_token_id, 2);
  EXPECT_EQ(config.torch_dtype, "bfloat16");
}

TEST(ModelConfig, FollowsTransformersDefaultsForAbsentKeys) {
  const ModelConfig config = with([](Json& object) {
    for (const char* key : {"num_key_value_heads", "rms_norm_eps", "rope_theta", "tie_word_embeddings", "bos_token_id",
                            "eos_token_id", "pad_token_id", "hidden_act", "architectures"})
      object.erase(key);
  });
  EXPECT_EQ(config.num_kv_heads, 2);
  EXPECT_EQ(config.rms_norm_eps, 1e-6);
  EXPECT_EQ(config.rope_theta, 1e4);
  EXPECT_FALSE(config.tie_word_embeddings);
  EXPECT_EQ(config.bos_token_id, 1);
  EXPECT_EQ(config.eos_token_ids, (std::vector<int64_t>{2}));
  EXPECT_EQ(config.pad_token_id, std::nullopt);
}

TEST(ModelConfig, NullAndNegativeIdsMeanNone) {
  const ModelConfig config = with([](Json& object) {
    object["bos_token_id"] = nullptr;
    object["eos_token_id"] = nullptr;
    object["pad_token_id"] = -1;
  });
  EXPECT_EQ(config.bos_token_id, std::nullopt);
  EXPECT_TRUE(config.eos_token_ids.empty());
  EXPECT_EQ(config.pad_token_id, std::nullopt);
}

TEST(ModelConfig, ReadsLlama3ScalingInTheOldAndTheNewPlace) {
  const Json scaling = {{"rope_type", "llama3"},
                        {"factor", 32.0},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", 8192}};
  const RopeScaling expected{"llama3", 32, 1, 4, 8192};
  const ModelConfig old_place = with([&](Json& object) { object["rope_scaling"] = scaling; });
  EXPECT_EQ(old_place.rope_scaling, expected);
  EXPECT_EQ(old_place.rope_theta, 1e5);
  const ModelConfig new_place = with([&](Json& object) {
    object.erase("rope_theta");
    object.erase("rope_scaling");
    object["rope_parameters"] = scaling;
    object["rope_parameters"]["rope_theta"] = 5e5;
  });
  EXPECT_EQ(new_place.rope_scaling, expected);
  EXPECT_EQ(new_place.rope_theta, 5e5);
  const ModelConfig by_type = with([](Json& object) { object["rope_scaling"] = {{"type", "linear"}, {"factor", 2}}; });
  EXPECT_EQ(by_type.rope_scaling->type, "linear");
  EXPECT_EQ(by_type.rope_scaling->factor, 2);
  const ModelConfig plain = with([](Json& object) { object["rope_parameters"] = {{"rope_type", "default"}}; });
  EXPECT_EQ(plain.rope_scaling, std::nullopt);
}

TEST(ModelConfig, AcceptsMistralOnlyWithoutAWindow) {
  const auto mistral = [](Json& object) {
    object["model_type"] = "mistral";
    object["architectures"] = {"MistralForCausalLM"};
    object["sliding_window"] = nullptr;
  };
  EXPECT_EQ(with(mistral).architecture, "MistralForCausalLM");
  EXPECT_THROW(with([&](Json& object) { mistral(object), object["sliding_window"] = 4096; }), Error);
  EXPECT_THROW(with([&](Json& object) { mistral(object), object.erase("sliding_window"); }), Error);
}

TEST(ModelConfig, UnknownKeysAndHarmlessValuesAreAccepted) {
  const ModelConfig config = with([](Json& object) {
    object["transformers.js_config"] = {{"dtype", "q4"}};
    object["pretraining_tp"] = 1;
    object["rope_interleaved"] = false;
    object["partial_rotary_factor"] = 1;
    object["attention_dropout"] = 0;
    object["layer_types"] = {"full_attention"};
    object["quantization_config"] = nullptr;
  });
  EXPECT_EQ(config, config_from_json(tiny_llama_config(), "config.json"));
}

TEST(ModelConfig, SurvivesARoundTripThroughJson) {
  ModelConfig config = config_from_json(tiny_llama_config(), "config.json");
  EXPECT_EQ(config_from_json(config_to_json(config), "written"), config);
  config.head_dim = 8;
  config.rope_scaling = RopeScaling{"llama3", 8, 1, 4, 8192};
  config.eos_token_ids = {2, 5};
  config.bos_token_id = config.pad_token_id = std::nullopt;
  config.attention_bias = config.mlp_bias = true;
  EXPECT_EQ(config_from_json(config_to_json(config), "written"), config);
  config.rope_scaling = RopeScaling{.type = "linear", .factor = 2.5};
  config.eos_token_ids = {};
  EXPECT_EQ(config_from_json(config_to_json(config), "written"), config);
  config.model_type = "mistral";
  config.architecture = "MistralForCausalLM";
  config.attention_bias = config.mlp_bias = false;
  EXPECT_EQ(config_from_json(config_to_json(config), "written"), config);
}

TEST(GenerationConfig, ReadsAndWritesTheSamplingKeys) {
  const std::string text = R"({"_from_model_config": true, "bos_token_id": 1, "eos_token_id": [2, 5], "do_sample": true,
      "temperature": 0.6, "top_k": 40, "top_p": 0.9, "repetition_penalty": 1.1, "transformers_version": "4.46"})";
  const GenerationConfig config = generation_config_from_json(text, "generation_config.json");
  EXPECT_EQ(config.eos_token_ids, (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(config.do_sample, true);
  EXPECT_EQ(config.temperature, 0.6);
  EXPECT_EQ(config.top_k, 40);
  EXPECT_EQ(config.top_p, 0.9);
  EXPECT_EQ(config.min_p, std::nullopt);
  EXPECT_EQ(config.repetition_penalty, 1.1);
  EXPECT_EQ(generation_config_from_json(generation_config_to_json(config), "written"), config);
  EXPECT_EQ(generation_config_from_json("{}", "empty"), GenerationConfig{});
}

}  // namespace
}  // namespace temper::io
