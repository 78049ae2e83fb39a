#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "fault/malformed.h"
#include "io/checkpoint.h"
#include "io/safetensors.h"
#include "unit/io/format_builders.h"

namespace temper::test {
namespace {

namespace fs = std::filesystem;

std::string config_with(const std::function<void(Json&)>& change) {
  Json object = parse_json(tiny_llama_config(), "tiny");
  change(object);
  return object.dump();
}

std::string config_with(const std::string& key, const Json& value) {
  return config_with([&](Json& object) { object[key] = value; });
}

std::vector<Malformed> configs() {
  const Json llama3 = {{"rope_type", "llama3"},
                       {"factor", 8.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192}};
  const auto rope = [&](const std::string& key, const Json& value) {
    Json scaling = llama3;
    scaling[key] = value;
    return config_with("rope_scaling", scaling);
  };
  std::vector<Malformed> files = {
      {"config empty", "malformed JSON", ""},
      {"config cut", "malformed JSON", tiny_llama_config().substr(0, 100)},
      {"config a list", "not a JSON object", "[]"},
      {"config null", "not a JSON object", "null"},
      {"config nested deep", "nested deeper", std::string(500, '[') + std::string(500, ']')},
      {"config not UTF-8", "malformed JSON", "{\"model_type\": \"\xff\"}"},
      {"config of an adapter", "'model_type' is missing", R"({"peft_type": "LORA", "r": 8})"},
      {"model type a number", "a string is expected", config_with("model_type", 1)},
      {"model type unknown", "unknown architecture 'mamba'; known are: llama, mistral",
       config_with("model_type", "mamba")},
      {"architectures of another task", "LlamaForSequenceClassification",
       config_with("architectures", {"LlamaForSequenceClassification"})},
      {"architectures of another model", "Qwen2ForCausalLM", config_with("architectures", {"Qwen2ForCausalLM"})},
      {"architectures a string", "LlamaForCausalLM", config_with("architectures", "LlamaForCausalLM")},
      {"architectures empty", "architectures []", config_with("architectures", Json::array())},
      {"hidden_act gelu", "'gelu'", config_with("hidden_act", "gelu")},
      {"hidden_act a number", "a string is expected", config_with("hidden_act", 3)},
      {"heads don't divide", "not a multiple", config_with("num_attention_heads", 3)},
      {"kv heads don't divide", "not a multiple", config_with("num_key_value_heads", 3)},
      {"head_dim odd", "odd", config_with("head_dim", 15)},
      {"head_dim 0", "'head_dim' is 0", config_with("head_dim", 0)},
      {"vocabulary a float", "an integer is expected", config_with("vocab_size", 6.0)},
      {"vocabulary a string", "an integer is expected", config_with("vocab_size", "6")},
      {"vocabulary a list", "an integer is expected", config_with("vocab_size", {6})},
      {"vocabulary over 64 bits", "an integer is expected", config_with("vocab_size", UINT64_MAX)},
      {"vocabulary 2^40", "'vocab_size'", config_with("vocab_size", int64_t{1} << 40)},
      {"layers negative", "'num_hidden_layers' is -1", config_with("num_hidden_layers", -1)},
      {"positions 0", "'max_position_embeddings' is 0", config_with("max_position_embeddings", 0)},
      {"epsilon 0", "'rms_norm_eps' is 0", config_with("rms_norm_eps", 0)},
      {"epsilon a string", "a number is expected", config_with("rms_norm_eps", "1e-5")},
      {"theta negative", "'rope_theta'", config_with("rope_theta", -1)},
      {"tie a number", "true or false", config_with("tie_word_embeddings", 1)},
      {"eos a string", "an integer is expected", config_with("eos_token_id", "2")},
      {"eos a list of strings", "an integer is expected", config_with("eos_token_id", {"2"})},
      {"eos list negative", "a list of token ids", config_with("eos_token_id", {2, -1})},
      {"rope scaling a string", "is not an object", config_with("rope_scaling", "linear")},
      {"rope type unknown", "'yarn' is not implemented", config_with("rope_scaling", {{"rope_type", "yarn"}})},
      {"rope type dynamic", "'dynamic' is not implemented",
       config_with("rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}})},
      {"rope factor missing", "'factor' is missing", config_with("rope_scaling", {{"type", "linear"}})},
      {"rope factor 0", "'factor' is 0", rope("factor", 0)},
      {"rope factor a string", "a number is expected", rope("factor", "8")},
      {"rope low factor missing", "'low_freq_factor' is missing", rope("low_freq_factor", nullptr)},
      {"rope factors swapped", "not above low_freq_factor", rope("high_freq_factor", 0.5)},
      {"rope original context 0", "original_max_position_embeddings", rope("original_max_position_embeddings", 0)},
      {"rope partial", "partial_rotary_factor",
       config_with("rope_parameters", {{"rope_type", "default"}, {"partial_rotary_factor", 0.5}})},
      {"mistral with a window", "'sliding_window' is 4096", config_with([](Json& object) {
         object["model_type"] = "mistral";
         object["architectures"] = {"MistralForCausalLM"};
         object["sliding_window"] = 4096;
       })},
      {"mistral without the key", "'sliding_window' is absent", config_with([](Json& object) {
         object["model_type"] = "mistral";
         object["architectures"] = {"MistralForCausalLM"};
       })},
      {"layers that slide", "layer_types", config_with("layer_types", {"sliding_attention"})},
      {"quantized by another library", "'quantization_config'",
       config_with("quantization_config", {{"quant_method", "gptq"}})},
  };
  for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                          "max_position_embeddings"})
    files.push_back({fmt::format("{} missing", key), fmt::format("'{}' is missing", key),
                     config_with([&](Json& object) { object.erase(key); })});
  const std::pair<const char*, Json> foreign[] = {{"partial_rotary_factor", 0.5},
                                                  {"attention_dropout", 0.1},
                                                  {"attn_logit_softcapping", 50.0},
                                                  {"final_logit_softcapping", 30.0},
                                                  {"clip_qkv", 8.0},
                                                  {"use_qk_norm", true},
                                                  {"rope_interleaved", true},
                                                  {"embedding_multiplier", 12.0},
                                                  {"logits_scaling", 8.0},
                                                  {"num_local_experts", 8},
                                                  {"no_rope_layers", {1, 0}},
                                                  {"logit_scale", 0.0625}};
  for (const auto& [key, value] : foreign)
    files.push_back({fmt::format("{} set", key), fmt::format("'{}'", key), config_with(key, value)});
  return files;
}

TEST(ConfigFaults, MalformedAndForeignConfigsAreRefused) {
  expect_refusals(configs(), "bad/config.json",
                  [](const std::string& text) { (void)io::config_from_json(text, "bad/config.json"); });
}

TEST(ConfigFaults, DamagedBytesNeverCrash) {
  expect_survival_of_damage(tiny_llama_config(), 3000,
                            [](const std::string& text) { (void)io::config_from_json(text, "config.json"); });
}

TEST(ConfigFaults, MalformedGenerationConfigsAreRefused) {
  expect_refusals({{"generation not JSON", "malformed JSON", "{"},
                   {"generation a list", "not a JSON object", "[]"},
                   {"temperature a string", "a number is expected", R"({"temperature": "hot"})"},
                   {"top_k a float", "an integer is expected", R"({"top_k": 40.5})"},
                   {"do_sample a number", "true or false", R"({"do_sample": 1})"},
                   {"eos an object", "an integer is expected", R"({"eos_token_id": {}})"}},
                  "generation_config.json", [](const std::string& text) {
                    (void)io::generation_config_from_json(text, "generation_config.json");
                  });
}

/// Shards one.safetensors with 'a' and two.safetensors with 'b', to be joined by an index.
class IndexFaults : public testing::Test {
 protected:
  IndexFaults() {
    write("one.safetensors", "a");
    write("two.safetensors", "b");
  }

  void write(const char* file, const std::string& tensor) {
    const float value = 1;
    const io::TensorToWrite tensors[] = {{tensor, DType::f32, {1}, std::as_bytes(std::span(&value, 1))}};
    io::write_safetensors(folder_.path() / file, tensors);
  }

  void read(const std::string& index) {
    write_text(folder_.path() / "model.safetensors.index.json", index);
    (void)io::SafetensorsSet(folder_.path());
  }

  TemporaryFolder folder_;
};

std::string index_of(const std::string& weight_map) {
  return R"({"weight_map": )" + weight_map + "}";
}

TEST_F(IndexFaults, MalformedIndexesAreRefused) {
  EXPECT_NO_THROW(read(index_of(R"({"a": "one.safetensors", "b": "two.safetensors"})")));
  const std::string long_name(5000, 'x');
  expect_refusals(
      {
          {"index empty", "malformed JSON", ""},
          {"index cut", "malformed JSON", R"({"weight_map": {"a": )"},
          {"index a list", "weight_map", "[]"},
          {"index nested", "nested deeper", std::string(100, '[') + std::string(100, ']')},
          {"no weight map", "weight_map", "{}"},
          {"weight map a list", "weight_map", index_of("[]")},
          {"weight map empty", "empty", index_of("{}")},
          {"file a number", "not a string", index_of(R"({"a": 1})")},
          {"file null", "not a string", index_of(R"({"a": null})")},
          {"file empty", "plain file name", index_of(R"({"a": ""})")},
          {"file a dot", "plain file name", index_of(R"({"a": "."})")},
          {"file two dots", "plain file name", index_of(R"({"a": ".."})")},
          {"file above the folder", "plain file name", index_of(R"({"a": "../one.safetensors"})")},
          {"file by way of a subfolder", "plain file name", index_of(R"({"a": "x/../one.safetensors"})")},
          {"file absolute", "plain file name", index_of(R"({"a": "/etc/passwd"})")},
          {"file with backslashes", "plain file name", index_of(R"({"a": "..\\one.safetensors"})")},
          {"file with a NUL", "plain file name", index_of(R"({"a": "one.safetensors\u0000x"})")},
          {"file escaped by unicode", "plain file name", index_of(R"({"a": "\u002e\u002e\u002fone.safetensors"})")},
          {"shard missing", "missing shards: three.safetensors",
           index_of(R"({"a": "one.safetensors", "c": "three.safetensors"})")},
          {"shards missing", "four.safetensors, three.safetensors",
           index_of(R"({"a": "four.safetensors", "c": "three.safetensors"})")},
          {"shard name too long", "missing shards", index_of("{\"a\": \"" + long_name + "\"}")},
          {"shard lacks the tensor", "lacks it", index_of(R"({"b": "one.safetensors"})")},
          {"shard is not safetensors", "not a safetensors",
           index_of(R"({"a": "model.safetensors.index.json"})") + std::string(64, ' ')},
      },
      folder_.path().string(), [&](const std::string& index) { read(index); });
}

TEST_F(IndexFaults, ATensorInTwoShardsIsRefused) {
  expect_refusals(
      {{"tensor in two shards", "in two shards", index_of(R"({"a": "one.safetensors", "b": "two.safetensors"})")}},
      folder_.path().string(), [&](const std::string& index) {
        const float value = 1;
        const auto bytes = std::as_bytes(std::span(&value, 1));
        const io::TensorToWrite tensors[] = {{"a", DType::f32, {1}, bytes}, {"b", DType::f32, {1}, bytes}};
        io::write_safetensors(folder_.path() / "two.safetensors", tensors);
        read(index);
      });
}

/// Complete folders and files with one thing wrong.
class ModelFaults : public testing::Test {
 protected:
  void expect_refused(const std::string& says, const std::function<void(const fs::path& folder)>& damage) {
    const TemporaryFolder folder;
    const fs::path model = folder.path() / "model";
    write_tiny_folder(model);
    damage(model);
    expect_refusals({{says, says, ""}}, model.string(),
                    [&](const std::string&) { (void)io::Checkpoint::open(model).chat_template(); });
  }
  void expect_gguf_refused(const std::string& says, const std::function<void(GgufParts&)>& damage) {
    const TemporaryFolder folder;
    const fs::path model = folder.path() / "model.gguf";
    GgufParts parts = tiny_llama_gguf();
    damage(parts);
    write_text(model, parts.build());
    expect_refusals({{says, says, ""}}, model.string(), [&](const std::string&) {
      const auto checkpoint = io::Checkpoint::open(model);
      for (const std::string& name : checkpoint.names()) (void)checkpoint.tensor(name);
    });
  }
};

TEST_F(ModelFaults, IncompleteFoldersAreRefused) {
  expect_refused("missing: config.json", [](const fs::path& folder) { fs::remove(folder / "config.json"); });
  expect_refused("missing: tokenizer.json", [](const fs::path& folder) { fs::remove(folder / "tokenizer.json"); });
  expect_refused("missing: model.safetensors",
                 [](const fs::path& folder) { fs::remove(folder / "model.safetensors"); });
  expect_refused("pytorch_model.bin must be converted", [](const fs::path& folder) {
    fs::rename(folder / "model.safetensors", folder / "pytorch_model.bin");
  });
  expect_refused("holds an adapter",
                 [](const fs::path& folder) { fs::rename(folder / "config.json", folder / "adapter_config.json"); });
  expect_refused("tokenizer.model alone",
                 [](const fs::path& folder) { fs::rename(folder / "tokenizer.json", folder / "tokenizer.model"); });
  expect_refused("no such model", [](const fs::path& folder) { fs::remove_all(folder); });
}

TEST_F(ModelFaults, FoldersWithBrokenFilesAreRefused) {
  expect_refused("too few", [](const fs::path& folder) { write_text(folder / "model.safetensors", ""); });
  expect_refused("malformed JSON", [](const fs::path& folder) { write_text(folder / "config.json", "{"); });
  expect_refused("generation_config.json",
                 [](const fs::path& folder) { write_text(folder / "generation_config.json", "[]"); });
  expect_refused("'chat_template' is 5", [](const fs::path& folder) {
    write_text(folder / "tokenizer_config.json", R"({"chat_template": 5})");
  });
  expect_refused("tokenizer_config.json: not a JSON object",
                 [](const fs::path& folder) { write_text(folder / "tokenizer_config.json", "[]"); });
  expect_refused("does not start with 'GGUF'", [](const fs::path& folder) {
    fs::remove_all(folder);
    write_text(folder, "a file, not a folder");
  });
}

TEST_F(ModelFaults, GgufFilesThatAreNoModelAreRefused) {
  expect_gguf_refused("holds 'adapter'",
                      [](GgufParts& parts) { parts.metadata.push_back(kv_string("general.type", "adapter")); });
  expect_gguf_refused("one of 3 parts",
                      [](GgufParts& parts) { parts.metadata.push_back(kv_raw("split.count", 2, le(uint16_t{3}))); });
  expect_gguf_refused("'blk.0.attn_q_norm.weight' is unknown",
                      [](GgufParts& parts) { parts.tensor("output_norm.weight").name = "blk.0.attn_q_norm.weight"; });
  expect_gguf_refused("does not have the 32 rows", [](GgufParts& parts) {
    parts.tensor("blk.0.attn_q.weight").ne = {32, 16};
  });
  expect_gguf_refused("rows can't be moved", [](GgufParts& parts) { parts.tensor("blk.0.attn_q.weight").ne = {32}; });
}

}  // namespace
}  // namespace temper::test
