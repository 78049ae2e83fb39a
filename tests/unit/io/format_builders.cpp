#include "unit/io/format_builders.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <span>
#include <stdexcept>

#include "io/safetensors.h"

namespace temper::test {
namespace fs = std::filesystem;

std::string gguf_string(std::string_view text) {
  return le(uint64_t{text.size()}) + std::string(text);
}

std::string kv_raw(std::string_view key, uint32_t type, std::string_view payload) {
  return gguf_string(key) + le(type) + std::string(payload);
}
std::string kv_u32(std::string_view key, uint32_t value) {
  return kv_raw(key, 4, le(value));
}
std::string kv_f32(std::string_view key, float value) {
  return kv_raw(key, 6, le(value));
}
std::string kv_bool(std::string_view key, uint8_t value) {
  return kv_raw(key, 7, le(value));
}
std::string kv_string(std::string_view key, std::string_view value) {
  return kv_raw(key, 8, gguf_string(value));
}
std::string kv_strings(std::string_view key, const std::vector<std::string>& values) {
  std::string payload = le(uint32_t{8}) + le(uint64_t{values.size()});
  for (const std::string& value : values) payload += gguf_string(value);
  return kv_raw(key, 9, payload);
}

std::string GgufParts::build() const {
  const auto aligned = [&](uint64_t position) {
    return alignment == 0 ? position : (position + alignment - 1) / alignment * alignment;
  };
  std::string file =
      magic + le(version) + le(tensor_count.value_or(tensors.size())) + le(metadata_count.value_or(metadata.size()));
  for (const std::string& kv : metadata) file += kv;
  std::string data;
  for (const GgufTensorParts& tensor : tensors) {
    data.resize(aligned(data.size()));
    file += gguf_string(tensor.name) + le(static_cast<uint32_t>(tensor.ne.size()));
    for (const uint64_t extent : tensor.ne) file += le(extent);
    file += le(tensor.type) + le(tensor.offset.value_or(data.size()));
    data += tensor.bytes;
  }
  file.resize(aligned(file.size()));
  return file + data;
}

std::string& GgufParts::entry(std::string_view key) {
  for (std::string& kv : metadata)
    if (kv.starts_with(gguf_string(key))) return kv;
  throw std::out_of_range(std::string(key));
}

GgufTensorParts& GgufParts::tensor(std::string_view name) {
  for (GgufTensorParts& tensor : tensors)
    if (tensor.name == name) return tensor;
  throw std::out_of_range(std::string(name));
}

GgufParts tiny_llama_gguf() {
  GgufParts parts;
  parts.metadata = {
      kv_string("general.architecture", "llama"),
      kv_u32("llama.block_count", 1),
      kv_u32("llama.context_length", 64),
      kv_u32("llama.embedding_length", 32),
      kv_u32("llama.feed_forward_length", 32),
      kv_u32("llama.attention.head_count", 2),
      kv_u32("llama.attention.head_count_kv", 1),
      kv_f32("llama.rope.freq_base", 100000.0f),
      kv_f32("llama.attention.layer_norm_rms_epsilon", 1e-5f),
      kv_string("tokenizer.ggml.model", "gpt2"),
      kv_string("tokenizer.ggml.pre", "smollm"),
      kv_strings("tokenizer.ggml.tokens", {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "ab"}),
      kv_raw("tokenizer.ggml.token_type", 9, le(5u) + le(uint64_t{6}) + le(3) + le(3) + le(3) + le(1) + le(1) + le(1)),
      kv_strings("tokenizer.ggml.merges", {"a b"}),
      kv_u32("tokenizer.ggml.bos_token_id", 1),
      kv_u32("tokenizer.ggml.eos_token_id", 2),
      kv_bool("tokenizer.ggml.add_bos_token", 0),
      kv_string("tokenizer.chat_template", "{{ messages }}"),
  };
  std::mt19937 random(7);
  const auto add = [&](std::string name, std::vector<uint64_t> ne) {
    std::string bytes;
    uint64_t count = 1;
    for (const uint64_t extent : ne) count *= extent;
    for (uint64_t i = 0; i < count; ++i) bytes += le(static_cast<float>(random() % 1000) / 1000.0f - 0.5f);
    parts.tensors.push_back({.name = std::move(name), .ne = std::move(ne), .bytes = std::move(bytes)});
  };
  add("token_embd.weight", {32, 6});
  add("output_norm.weight", {32});
  add("blk.0.attn_norm.weight", {32});
  add("blk.0.attn_k.weight", {32, 16});
  add("blk.0.attn_v.weight", {32, 16});
  add("blk.0.attn_output.weight", {32, 32});
  add("blk.0.ffn_norm.weight", {32});
  add("blk.0.ffn_gate.weight", {32, 32});
  add("blk.0.ffn_up.weight", {32, 32});
  add("blk.0.ffn_down.weight", {32, 32});
  std::string blocks;  // q: 32 rows of one Q8_0 block; row r has scale 1 and quants r
  for (int row = 0; row < 32; ++row) blocks += le(uint16_t{0x3c00}) + std::string(32, static_cast<char>(row));
  parts.tensors.push_back({.name = "blk.0.attn_q.weight", .ne = {32, 32}, .type = 8, .bytes = blocks});
  return parts;
}

std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return le(uint64_t{header.size()}) + std::string(header) + std::string(data);
}

std::string tiny_llama_config() {
  return R"({
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 6, "hidden_size": 32,
  "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
  "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-05, "rope_theta": 100000.0,
  "rope_scaling": null, "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false,
  "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "torch_dtype": "bfloat16"
})";
}

void write_tiny_folder(const fs::path& folder) {
  fs::create_directories(folder);
  write_text(folder / "config.json", tiny_llama_config());
  write_text(folder / "tokenizer.json", "{}");
  const std::vector<float> values(static_cast<size_t>(kTinyVocab * kTinyHidden), 0.25f);
  const io::TensorToWrite tensors[] = {
      {"model.embed_tokens.weight", DType::f32, {kTinyVocab, kTinyHidden}, std::as_bytes(std::span(values))},
      {"model.norm.weight", DType::f32, {kTinyHidden}, std::as_bytes(std::span(values).first(kTinyHidden))},
  };
  io::write_safetensors(folder / "model.safetensors", tensors);
}

void write_text(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "temper-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace temper::test
