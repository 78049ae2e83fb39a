#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace temper::io {

class GgufFile;

/// Change of the rotary frequencies for long contexts. "linear": all are divided by `factor`. "llama3" (Llama 3.1):
/// long wavelengths are divided by `factor`, short ones kept, blended between the two frequency factors.
struct RopeScaling {
  std::string type;  ///< "linear" or "llama3"
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;  ///< llama3 only
  int64_t original_max_position_embeddings = 8192;   ///< llama3 only

  bool operator==(const RopeScaling&) const = default;
};

/// What config.json says about a model of the llama family; the fields have that file's names.
struct ModelConfig {
  std::string model_type;    ///< "llama" or "mistral" (the same arithmetic)
  std::string architecture;  ///< "LlamaForCausalLM"
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  int64_t num_layers = 0, num_heads = 0, num_kv_heads = 0, head_dim = 0;
  int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6, rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling;
  bool tie_word_embeddings = false, attention_bias = false, mlp_bias = false;
  std::string hidden_act = "silu";
  std::optional<int64_t> bos_token_id, pad_token_id;
  std::vector<int64_t> eos_token_ids;
  std::string torch_dtype;  ///< "float32", "bfloat16", ...; empty when the file doesn't say

  bool operator==(const ModelConfig&) const = default;
};

/// Reads config.json. Error{unsupported} for a model type that temper lacks (the known ones are listed) and for keys
/// that change the arithmetic in a way that isn't implemented; Error{format} for missing or senseless values.
/// `where` names the file in errors.
ModelConfig config_from_json(std::string_view text, std::string_view where);

/// The same from a GGUF file's metadata and tensors. Frequency factors that a converter stored as the tensor
/// `rope_freqs.weight` become the "llama3" scaling they were computed from.
ModelConfig config_from_gguf(const GgufFile& file);

/// A config.json that Transformers loads.
std::string config_to_json(const ModelConfig& config);

/// generation_config.json: how the publisher wants the model sampled. Absent keys are empty.
struct GenerationConfig {
  std::optional<int64_t> bos_token_id, pad_token_id;
  std::vector<int64_t> eos_token_ids;
  std::optional<bool> do_sample;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  std::optional<int64_t> top_k, max_new_tokens;

  bool operator==(const GenerationConfig&) const = default;
};

/// Unknown keys are ignored; Error{format} for values of the wrong type.
GenerationConfig generation_config_from_json(std::string_view text, std::string_view where);
std::string generation_config_to_json(const GenerationConfig& config);

}  // namespace temper::io
