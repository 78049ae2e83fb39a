// PEFT folders with one thing wrong: adapter_config.json and the tensors that belong to it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapter/lora_adapter.h"
#include "base/file.h"
#include "base/json.h"
#include "fault/malformed.h"
#include "io/safetensors.h"
#include "support/golden_models.h"
#include "unit/io/format_builders.h"

namespace temper::test {
namespace {

const Json kConfig = {
    {"peft_type", "LORA"}, {"r", 2}, {"lora_alpha", 4}, {"target_modules", {"layers.0.self_attn.q_proj"}}};
const std::string kPrefix = "base_model.model.model.layers.0.self_attn.q_proj.";
constexpr size_t kFactorBytes = 2 * 64 * 4;

std::string tensors_of(const std::string& a, const std::string& b, const std::string& dtype = "F32",
                       const std::string& more = "") {
  const std::string header =
      fmt::format(R"({{"{0}lora_A.weight":{{"dtype":"{1}","shape":{2},"data_offsets":[0,512]}},)"
                  R"("{0}lora_B.weight":{{"dtype":"{1}","shape":{3},"data_offsets":[512,1024]}}{4}}})",
                  kPrefix, dtype, a, b, more);
  return safetensors_bytes(header, std::string(2 * kFactorBytes, '\1'));
}

const std::string kTensors = tensors_of("[2,64]", "[64,2]");

/// Both files of a folder, as fuzz_adapter takes them: the configuration, a zero byte, the tensors.
std::string folder(const std::string& config, const std::string& tensors = kTensors) {
  return config + std::string(1, '\0') + tensors;
}
std::string folder_with(const std::string& key, const Json& value) {
  Json config = kConfig;
  config[key] = value;
  return folder(config.dump());
}
std::string folder_without(const std::string& key) {
  Json config = kConfig;
  config.erase(key);
  return folder(config.dump());
}

void read_adapter(const std::string& bytes) {
  static testing::GoldenModel golden;
  const size_t zero = bytes.find('\0');
  // The model's own message has no file; users see it below the folder's name.
  const LoraConfig config = lora_config_from_json(bytes.substr(0, zero), "adapter");
  const io::SafetensorsFile tensors(std::as_bytes(std::span(bytes)).subspan(zero + 1), nullptr, "adapter");
  (void)LoraAdapter::from_peft(golden.ctx, golden.language_model(), config, tensors, "adapter");
}

std::vector<Malformed> configs() {
  return {
      {"config empty", "malformed JSON", folder("")},
      {"config cut", "malformed JSON", folder(R"({"peft_type": "LORA")")},
      {"config a list", "cannot use value()", folder("[]")},
      {"config nested deep", "nested deeper", folder(std::string(5000, '['))},
      {"config not UTF-8", "malformed JSON", folder("{\"peft_type\": \"\xff\"}")},
      {"no type", "peft_type ''", folder_without("peft_type")},
      {"another type", "peft_type 'IA3'", folder_with("peft_type", "IA3")},
      {"type a number", "type must be string", folder_with("peft_type", 1)},
      {"no targets", "target_modules is missing", folder_without("target_modules")},
      {"targets null", "target_modules is missing", folder_with("target_modules", nullptr)},
      {"targets a number", "type must be array", folder_with("target_modules", 3)},
      {"targets of numbers", "type must be string", folder_with("target_modules", {1, 2})},
      {"targets empty", "no target modules", folder_with("target_modules", Json::array())},
      {"target unknown", "did you mean q_proj", folder_with("target_modules", {"q_porj"})},
      {"target a broken expression", "missing closing parenthesis", folder_with("target_modules", "(q_proj")},
      {"target an expression of nothing", "names no linear layer", folder_with("target_modules", "")},
      {"rank 0", "rank 0 must be at least 1", folder_with("r", 0)},
      {"rank negative", "rank -8", folder_with("r", -8)},
      {"rank fractional", "'r' is 2.5", folder_with("r", 2.5)},
      {"rank a string", "'r' is \"2\"", folder_with("r", "2")},
      {"rank true", "'r' is true", folder_with("r", true)},
      {"rank null", "'r' is null", folder_with("r", nullptr)},
      {"rank that would take terabytes", "of another shape", folder_with("r", 1 << 20)},
      {"rank 2^40", "implausible", folder_with("r", int64_t{1} << 40)},
      {"rank over 63 bits", "an integer is needed", folder_with("r", UINT64_MAX)},
      {"rank 1e300", "an integer is needed", folder_with("r", 1e300)},
      {"alpha 0", "alpha 0", folder_with("lora_alpha", 0)},
      {"alpha negative", "alpha -1", folder_with("lora_alpha", -1)},
      {"alpha a string", "type must be number", folder_with("lora_alpha", "16")},
      {"dropout 1", "dropout 1", folder_with("lora_dropout", 1)},
      {"dropout negative", "dropout -0.5", folder_with("lora_dropout", -0.5)},
      {"rsLoRA a string", "type must be boolean", folder_with("use_rslora", "yes")},
      {"rank pattern a list", "'rank_pattern' is [1]", folder_with("rank_pattern", {1})},
      {"rank pattern of strings", "'rank_pattern' is \"2\"", folder_with("rank_pattern", {{"q_proj", "2"}})},
      {"rank pattern 0", "rank 0", folder_with("rank_pattern", {{"q_proj", 0}})},
      {"rank pattern a broken expression", "regular expression", folder_with("rank_pattern", {{"(", 2}})},
      {"alpha pattern of strings", "type must be number", folder_with("alpha_pattern", {{"q_proj", "2"}})},
      {"weight decomposition", "'use_dora' is set", folder_with("use_dora", true)},
      {"bias", "'bias' is set", folder_with("bias", "all")},
      {"trained modules", "'modules_to_save' is set", folder_with("modules_to_save", {"lm_head"})},
  };
}

std::vector<Malformed> weights() {
  const std::string config = kConfig.dump();
  const auto with = [&](const std::string& tensors) { return folder(config, tensors); };
  return {
      {"tensors empty", "too few", with("")},
      {"tensors cut", "past the end", with(kTensors.substr(0, kTensors.size() - 1))},
      {"tensors a page", "not a safetensors", with("<!DOCTYPE html><html><body>404</body></html>")},
      {"no tensors", "matched 0 of 2 tensors; 2 missing", with(safetensors_bytes("{}", ""))},
      {"A transposed", "is [64,2], [2,64] is expected", with(tensors_of("[64,2]", "[64,2]"))},
      {"B transposed", "is [2,64], [64,2] is expected", with(tensors_of("[2,64]", "[2,64]"))},
      {"A flat", "is [128], [2,64] is expected", with(tensors_of("[128]", "[64,2]"))},
      {"of half the size", "is [2,128], [2,64] is expected", with(tensors_of("[2,128]", "[128,2]", "F16"))},
      {"element type unknown", "'F8_E5M2'", with(tensors_of("[512]", "[512]", "F8_E5M2"))},
      {"a tensor too many", "1 unexpected: other",
       with(tensors_of("[2,64]", "[64,2]", "F32",
                       R"(,"other":{"dtype":"F32","shape":[0],"data_offsets":[1024,1024]})"))},
      {"of another rank than the configuration", "2 of another shape", folder_with("r", 3)},
      {"of other modules than the configuration", "2 missing", folder_with("target_modules", {"layers.1.mlp.up_proj"})},
  };
}

TEST(AdapterFaults, TheUnbrokenFolderIsRead) {
  EXPECT_NO_THROW(read_adapter(folder(kConfig.dump())));
}
TEST(AdapterFaults, SeedsOfTheFuzzerAreRead) {
  for (const char* seed : {"names", "regex"})
    EXPECT_NO_THROW(read_adapter(read_file(std::string(TEMPER_SOURCE_DIR "/tests/fuzz/seeds/adapter/") + seed)))
        << seed;
}
TEST(AdapterFaults, MalformedConfigurationsAreRefused) {
  expect_refusals(configs(), "", read_adapter);
}
TEST(AdapterFaults, MismatchedTensorsAreRefused) {
  expect_refusals(weights(), "adapter", read_adapter);
}
TEST(AdapterFaults, DamagedBytesNeverCrash) {
  expect_survival_of_damage(folder(kConfig.dump()), 2000, read_adapter);
}

}  // namespace
}  // namespace temper::test
