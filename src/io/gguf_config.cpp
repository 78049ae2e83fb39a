#include <algorithm>
#include <cstdlib>

#include "base/fail.h"
#include "io/gguf.h"
#include "io/gguf_llama.h"
#include "io/model_config.h"
#include "io/model_config_rules.h"
#include "io/printable.h"

namespace temper::io {
namespace {

/// The decimal number that the converter read from config.json: 1e-05, not 9.999999747378752e-06.
double shortest_decimal(double stored_as_f32) {
  return std::strtod(fmt::format("{}", static_cast<float>(stored_as_f32)).c_str(), nullptr);
}

/// Metadata that changes the arithmetic in a way that temper doesn't implement, unless it has the value that switches
/// it off.
void refuse_foreign_metadata(const GgufFile& file) {
  const auto refuse = [&](const char* key) {
    fail(ErrorCode::unsupported, "gguf: {}: '{}' is set, which changes the arithmetic and is not implemented",
         file.where(), key);
  };
  for (const char* key : {"llama.expert_count", "llama.attention.sliding_window", "llama.attention.key_length_mla"})
    if (file.get<int64_t>(key).value_or(0) != 0) refuse(key);
  for (const char* key :
       {"llama.logit_scale", "llama.residual_scale", "llama.embedding_scale", "llama.rope.scaling.attn_factor"})
    if (file.get<double>(key).value_or(1) != 1) refuse(key);
  for (const char* key : {"llama.attention.scale", "llama.attention.clamp_kqv", "llama.attn_logit_softcapping",
                          "llama.final_logit_softcapping"})
    if (file.get<double>(key).value_or(0) != 0) refuse(key);
  if (file.get<bool>("llama.use_parallel_residual").value_or(false)) refuse("llama.use_parallel_residual");
  if (!file.get<bool>("llama.attention.causal").value_or(true)) refuse("llama.attention.causal");
}

int64_t vocab_size_of(const GgufFile& file, int64_t hidden_size) {
  const StoredTensor& embedding = file.at("token_embd.weight");
  if (embedding.shape.size() != 2 || embedding.shape[1] != hidden_size)
    fail(ErrorCode::format, "gguf: {}: tensor 'token_embd.weight': shape [{}] is not [vocabulary, {}]", file.where(),
         fmt::join(embedding.shape, ", "), hidden_size);
  return embedding.shape[0];
}

std::optional<RopeScaling> rope_scaling_of(const GgufFile& file, const ModelConfig& config) {
  std::optional<RopeScaling> scaling;
  const auto type = file.get<std::string>("llama.rope.scaling.type").value_or("none");
  if (type == "linear") {
    scaling =
        RopeScaling{.type = "linear", .factor = shortest_decimal(file.require<double>("llama.rope.scaling.factor"))};
  } else if (type != "none") {
    fail(ErrorCode::unsupported, "gguf: {}: rope scaling '{}' is not implemented; none and linear are", file.where(),
         printable(type));
  } else if (const auto factor = file.get<double>("llama.rope.scale_linear"); factor && *factor != 1) {
    scaling = RopeScaling{.type = "linear", .factor = shortest_decimal(*factor)};  // older files
  }
  const StoredTensor* factors = file.find("rope_freqs.weight");
  if (!factors) return scaling;
  if (scaling)
    fail(ErrorCode::unsupported, "gguf: {}: both linear rope scaling and frequency factors; not implemented",
         file.where());
  if (factors->element_count() != config.head_dim / 2)
    fail(ErrorCode::format, "gguf: {}: tensor 'rope_freqs.weight': {} factors for head_dim {}, {} are expected",
         file.where(), factors->element_count(), config.head_dim, config.head_dim / 2);
  const int64_t original_context = file.get<int64_t>("llama.rope.scaling.original_context_length")
                                       .value_or(RopeScaling{}.original_max_position_embeddings);
  return rope_scaling_from_factors(to_f32(*factors), config.rope_theta, original_context, "gguf: " + file.where());
}

}  // namespace

ModelConfig config_from_gguf(const GgufFile& file) {
  const std::string where = "gguf: " + file.where();
  const auto architecture = file.require<std::string>("general.architecture");
  if (architecture != "llama") refuse_architecture(where, architecture);
  refuse_foreign_metadata(file);

  ModelConfig config;
  config.model_type = "llama";
  config.architecture = "LlamaForCausalLM";
  config.hidden_size = file.require<int64_t>("llama.embedding_length");
  config.intermediate_size = file.require<int64_t>("llama.feed_forward_length");
  config.num_layers = file.require<int64_t>("llama.block_count");
  config.num_heads = file.require<int64_t>("llama.attention.head_count");
  config.num_kv_heads = file.get<int64_t>("llama.attention.head_count_kv").value_or(config.num_heads);
  config.max_position_embeddings = file.require<int64_t>("llama.context_length");
  config.vocab_size = vocab_size_of(file, config.hidden_size);
  if (const auto head_dim = file.get<int64_t>("llama.attention.key_length")) {
    config.head_dim = *head_dim;
  } else {
    if (config.num_heads <= 0 || config.hidden_size % config.num_heads != 0)
      fail(ErrorCode::format, "{}: embedding length {} is not a multiple of {} heads", where, config.hidden_size,
           config.num_heads);
    config.head_dim = config.hidden_size / config.num_heads;
  }
  for (const char* key : {"llama.attention.value_length", "llama.rope.dimension_count"})
    if (const auto value = file.get<int64_t>(key).value_or(config.head_dim); value != config.head_dim)
      fail(ErrorCode::unsupported, "{}: '{}' is {}, but head_dim is {}; not implemented", where, key, value,
           config.head_dim);
  config.rms_norm_eps = shortest_decimal(file.require<double>("llama.attention.layer_norm_rms_epsilon"));
  config.rope_theta = shortest_decimal(file.get<double>("llama.rope.freq_base").value_or(10000));
  config.tie_word_embeddings = file.find("output.weight") == nullptr;
  config.attention_bias = file.find("blk.0.attn_q.bias") != nullptr;
  config.mlp_bias = file.find("blk.0.ffn_gate.bias") != nullptr;
  config.torch_dtype = "float16";  // the block scales are f16: what the blocks hold fits it best
  validate_config(config, where);
  config.rope_scaling = rope_scaling_of(file, config);
  validate_config(config, where);

  config.bos_token_id = file.get<int64_t>("tokenizer.ggml.bos_token_id");
  config.pad_token_id = file.get<int64_t>("tokenizer.ggml.padding_token_id");
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (const auto id = file.get<int64_t>(key);
        id && std::ranges::find(config.eos_token_ids, *id) == config.eos_token_ids.end())
      config.eos_token_ids.push_back(*id);
  return config;
}

}  // namespace temper::io
