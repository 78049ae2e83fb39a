#include <gtest/gtest.h>

#include <cmath>

#include "adapter/lora_config.h"
#include "base/file.h"
#include "base/json.h"
#include "support/test_folder.h"
#include "temper/error.h"

namespace temper {
namespace {

using testing::error_of;

const std::vector<std::string> kModules = {"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj",
                                           "model.layers.0.mlp.down_proj",    "model.layers.1.self_attn.q_proj",
                                           "model.layers.1.self_attn.v_proj", "model.layers.1.mlp.down_proj"};

std::string config_text(const std::string& more = "") {
  return R"({"peft_type": "LORA", "r": 4, "lora_alpha": 12, "target_modules": ["q_proj"])" + more + "}";
}

std::string golden_config(const std::string& name) {
  return read_file(std::filesystem::path(TEMPER_SOURCE_DIR) / "tests/golden/data/lora" / name /
                   "adapter/adapter_config.json");
}

TEST(LoraConfig, ReadsWhatPeftWrites) {
  const LoraConfig config = lora_config_from_json(golden_config("gqa_tied_variant"), "adapter_config.json");
  EXPECT_EQ(config.rank, 4);
  EXPECT_EQ(config.alpha, 8.0);
  EXPECT_TRUE(config.rslora);
  EXPECT_FALSE(config.targets_are_regex);
  EXPECT_EQ(config.targets, (std::vector<std::string>{"down_proj", "q_proj", "v_proj"}));
  // The golden README's scales.
  EXPECT_DOUBLE_EQ(config.scale_of("model.layers.0.self_attn.q_proj"), 8 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(config.scale_of("model.layers.0.self_attn.v_proj"), 4);
  EXPECT_DOUBLE_EQ(config.scale_of("model.layers.1.self_attn.v_proj"), 8 / std::sqrt(6.0));
  EXPECT_DOUBLE_EQ(config.scale_of("model.layers.2.mlp.down_proj"), 1.5);
}

TEST(LoraConfig, AStringOfTargetsIsARegex) {
  const LoraConfig config = lora_config_from_json(golden_config("untied_llama3rope"), "adapter_config.json");
  EXPECT_TRUE(config.targets_are_regex);
  EXPECT_EQ(target_modules(config, kModules), kModules);
}

TEST(LoraConfig, AStringAllLinearIsNotARegex) {
  const LoraConfig config =
      lora_config_from_json(R"({"peft_type": "LORA", "target_modules": "all-linear"})", "adapter_config.json");
  EXPECT_FALSE(config.targets_are_regex);
  EXPECT_EQ(target_modules(config, kModules), kModules);
}

TEST(LoraConfig, WrittenTextReadsBackTheSame) {
  for (const LoraConfig& config : {LoraConfig{.rank = 3,
                                  .alpha = 12.5,
                                  .dropout = 0.1,
                                  .rslora = true,
                                  .targets = {"q_proj", "up_proj"},
                                  .rank_pattern = {{"q_proj", 2}},
                                  .alpha_pattern = {{"up_proj", 1.5}},
                                  .base_model = "some/model"},
                                   LoraConfig{.targets = {".*v_proj"}, .targets_are_regex = true}, LoraConfig{}}) {
    const LoraConfig again = lora_config_from_json(lora_config_to_json(config), "adapter_config.json");
    EXPECT_EQ(again.rank, config.rank);
    EXPECT_EQ(again.alpha, config.alpha);
    EXPECT_EQ(again.dropout, config.dropout);
    EXPECT_EQ(again.rslora, config.rslora);
    EXPECT_EQ(again.targets, config.targets);
    EXPECT_EQ(again.targets_are_regex, config.targets_are_regex);
    EXPECT_EQ(again.rank_pattern, config.rank_pattern);
    EXPECT_EQ(again.alpha_pattern, config.alpha_pattern);
    EXPECT_EQ(again.base_model, config.base_model);
  }
}

TEST(LoraConfig, UnknownKeysAreAccepted) {
  EXPECT_EQ(lora_config_from_json(config_text(R"(, "some_future_key": {"a": 1})"), "c.json").rank, 4);
}

TEST(LoraConfig, KeysThatChangeTheArithmeticAreRefusedByName) {
  const std::pair<const char*, const char*> kRefused[] = {
      {"use_dora", "true"},
      {"lora_bias", "true"},
      {"modules_to_save", R"(["lm_head"])"},
      {"fan_in_fan_out", "true"},
      {"layer_replication", "[[0, 2]]"},
      {"trainable_token_indices", "[1, 2]"},
      {"target_parameters", R"(["experts"])"},
      {"megatron_config", R"({"a": 1})"},
      {"use_qalora", "true"},
      {"alora_invocation_tokens", "[1]"},
      {"exclude_modules", R"(["v_proj"])"},
      {"layers_to_transform", "[0]"},
      {"arrow_config", R"({"top_k": 1})"},
      {"use_bdlora", R"({"nblocks": 2})"},
      {"bias", R"("all")"},
      {"init_lora_weights", R"("pissa_niter_4")"},
      {"init_lora_weights", R"("OLoRA")"},
      {"init_lora_weights", R"("corda")"},
      {"init_lora_weights", R"("loftq")"},
      {"init_lora_weights", R"("lora_ga")"},
  };
  for (const auto& [key, value] : kRefused) {
    const std::string text = config_text(std::string(", \"") + key + "\": " + value);
    const std::string message = error_of([&] { lora_config_from_json(text, "c.json"); });
    EXPECT_NE(message.find(std::string("'") + key + "'"), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("c.json: ")) << message;
  }
}

TEST(LoraConfig, SwitchedOffKeysAreNotRefused) {
  EXPECT_NO_THROW(lora_config_from_json(
      config_text(R"(, "use_dora": false, "modules_to_save": null, "exclude_modules": [], "bias": "none")"), "c.json"));
}

TEST(LoraConfig, RanksAreIntegers) {
  for (const char* rank : {"8.5", "\"8\"", "true", "null", "1e3", "18446744073709551615"}) {
    const std::string text = std::string(R"({"peft_type": "LORA", "target_modules": ["q_proj"], "r": )") + rank + "}";
    EXPECT_NE(error_of([&] { lora_config_from_json(text, "c.json"); }).find("'r' is "), std::string::npos) << rank;
  }
}

TEST(LoraConfig, AHugeAlphaIsWrittenAsItIs) {
  const LoraConfig config{.alpha = 1e300};
  EXPECT_EQ(lora_config_from_json(lora_config_to_json(config), "c.json").alpha, 1e300);
}

TEST(LoraConfig, InitialValuesThatLeaveTheBaseAloneAreAccepted) {
  for (const char* value : {"true", "false", R"("gaussian")", R"("eva")", R"("orthogonal")", R"("mica")"})
    EXPECT_NO_THROW(lora_config_from_json(config_text(std::string(R"(, "init_lora_weights": )") + value), "c.json"));
}

TEST(LoraConfig, MalformedTextsAreErrorsThatNameTheFile) {
  for (const char* text :
       {"", "{", "[]", R"({"peft_type": "IA3", "target_modules": ["q_proj"]})", R"({"target_modules": ["q_proj"]})",
        R"({"peft_type": "LORA"})", R"({"peft_type": "LORA", "target_modules": 3})",
        R"({"peft_type": "LORA", "target_modules": ["q_proj"], "r": "eight"})",
        R"({"peft_type": "LORA", "target_modules": ["q_proj"], "rank_pattern": [1]})"}) {
    const std::string message = error_of([&] { lora_config_from_json(text, "c.json"); });
    EXPECT_TRUE(message.starts_with("c.json")) << text << " -> " << message;
  }
}

TEST(TargetModules, NamesMatchWholeComponentsAtTheEnd) {
  EXPECT_EQ(target_modules({.targets = {"v_proj"}}, kModules), (std::vector<std::string>{kModules[1], kModules[4]}));
  EXPECT_EQ(target_modules({.targets = {"self_attn.q_proj"}}, kModules),
            (std::vector<std::string>{kModules[0], kModules[3]}));
  EXPECT_EQ(target_modules({.targets = {kModules[2]}}, kModules), (std::vector<std::string>{kModules[2]}));
  EXPECT_THROW(target_modules({.targets = {"proj"}}, kModules), Error);
}

TEST(TargetModules, ARegexMustMatchTheWholePath) {
  const auto modules = target_modules({.targets = {R"(.*\.layers\.1\..*)"}, .targets_are_regex = true}, kModules);
  EXPECT_EQ(modules, std::vector<std::string>(kModules.begin() + 3, kModules.end()));
  EXPECT_THROW(target_modules({.targets = {"layers"}, .targets_are_regex = true}, kModules), Error);
}

TEST(TargetModules, AMistypedTargetGetsNearMatches) {
  const std::string message = error_of([] { target_modules({.targets = {"q_porj"}}, kModules); });
  EXPECT_NE(message.find("'q_porj'"), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean q_proj"), std::string::npos) << message;
}

TEST(TargetModules, ValuesOutsideTheirDomainAreRefused) {
  for (const LoraConfig& config :
       {LoraConfig{.rank = 0}, LoraConfig{.rank = -1}, LoraConfig{.alpha = 0}, LoraConfig{.alpha = NAN},
        LoraConfig{.dropout = 1.0}, LoraConfig{.dropout = -0.1}, LoraConfig{.targets = {}},
        LoraConfig{.rank_pattern = {{"q_proj", 0}}}, LoraConfig{.rank = int64_t{1} << 40}}) {
    EXPECT_TRUE(error_of([&] { target_modules(config, kModules); }).starts_with("lora: "));
  }
}

TEST(TargetModules, PatternsAreNamesOrRegexes) {
  const LoraConfig config{.rank = 4,
                          .alpha = 8,
                          .rank_pattern = {{"q_proj", 2}, {R"(layers\.1\.mlp\..*)", 16}},
                          .alpha_pattern = {{"down_proj", 3}}};
  EXPECT_EQ(config.rank_of(kModules[0]), 2);
  EXPECT_EQ(config.rank_of(kModules[1]), 4);
  EXPECT_EQ(config.rank_of(kModules[2]), 4);
  EXPECT_EQ(config.rank_of(kModules[5]), 16);
  EXPECT_EQ(config.alpha_of(kModules[5]), 3);
  EXPECT_DOUBLE_EQ(config.scale_of(kModules[5]), 3.0 / 16.0);
}

}  // namespace
}  // namespace temper
