#include "bench/seeded_model.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <random>

#include "base/file.h"
#include "io/safetensors.h"
#include "tensor/half.h"

namespace temper::bench {
namespace {

std::vector<io::TensorOutline> outlines_of(const io::ModelConfig& config) {
  std::vector<io::TensorOutline> tensors;
  const auto add = [&](std::string name, std::vector<int64_t> shape) {
    tensors.push_back({std::move(name), DType::bf16, std::move(shape)});
  };
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  const int64_t queries = config.num_heads * config.head_dim, keys = config.num_kv_heads * config.head_dim;
  add("model.embed_tokens.weight", {config.vocab_size, hidden});
  for (int64_t i = 0; i < config.num_layers; ++i) {
    const std::string layer = fmt::format("model.layers.{}.", i);
    add(layer + "input_layernorm.weight", {hidden});
    add(layer + "self_attn.q_proj.weight", {queries, hidden});
    add(layer + "self_attn.k_proj.weight", {keys, hidden});
    add(layer + "self_attn.v_proj.weight", {keys, hidden});
    add(layer + "self_attn.o_proj.weight", {hidden, queries});
    add(layer + "post_attention_layernorm.weight", {hidden});
    add(layer + "mlp.gate_proj.weight", {inner, hidden});
    add(layer + "mlp.up_proj.weight", {inner, hidden});
    add(layer + "mlp.down_proj.weight", {hidden, inner});
  }
  add("model.norm.weight", {hidden});
  return tensors;
}

/// Normal numbers of deviation 0.02 (Box-Muller: the library's own distribution differs between libraries), or ones.
std::vector<bf16_t> seeded_values(const io::TensorOutline& outline, uint64_t seed) {
  int64_t count = 1;
  for (const int64_t size : outline.shape) count *= size;
  std::vector<bf16_t> values(static_cast<size_t>(count), to_bf16(1.0f));
  if (outline.shape.size() == 1) return values;
  std::mt19937 bits(static_cast<uint32_t>(seed));
  const auto fraction = [&] { return static_cast<double>(bits()) * 0x1p-32; };  // [0, 1)
  for (size_t i = 0; i < values.size(); i += 2) {
    const double radius = 0.02 * std::sqrt(-2.0 * std::log(1.0 - fraction()));
    const double angle = 2.0 * std::numbers::pi * fraction();
    values[i] = to_bf16(static_cast<float>(radius * std::cos(angle)));
    if (i + 1 < values.size()) values[i + 1] = to_bf16(static_cast<float>(radius * std::sin(angle)));
  }
  return values;
}

}  // namespace

io::ModelConfig llama_config(const LlamaSizes& sizes) {
  io::ModelConfig config;
  config.model_type = "llama";
  config.architecture = "LlamaForCausalLM";
  config.vocab_size = sizes.vocabulary;
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.intermediate;
  config.num_layers = sizes.layers;
  config.num_heads = sizes.heads;
  config.num_kv_heads = sizes.kv_heads;
  config.head_dim = sizes.hidden / sizes.heads;
  config.max_position_embeddings = 8192;
  config.rms_norm_eps = 1e-5;
  config.rope_theta = 500000;
  config.tie_word_embeddings = true;
  config.torch_dtype = "bfloat16";
  return config;
}

void write_seeded_model(const std::filesystem::path& folder, const io::ModelConfig& config, uint64_t seed) {
  std::filesystem::create_directories(folder);
  write_file_atomic(folder / "config.json", io::config_to_json(config));
  const std::vector<io::TensorOutline> outlines = outlines_of(config);
  constexpr size_t shard_bytes = size_t{4} << 30;
  io::stream_safetensors_set(
      folder, outlines,
      [&](size_t index, const io::ByteSink& write) {
        const std::vector<bf16_t> values = seeded_values(outlines[index], seed + index);
        write(std::as_bytes(std::span(values)));
      },
      shard_bytes);
}

}  // namespace temper::bench
