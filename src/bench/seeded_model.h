#pragma once

#include <cstdint>
#include <filesystem>

#include "io/model_config.h"

namespace temper::bench {

/// A Llama of the given sizes; the other fields are those of Llama 3 without scaling.
struct LlamaSizes {
  int64_t vocabulary, hidden, intermediate, layers, heads, kv_heads;
};
io::ModelConfig llama_config(const LlamaSizes& sizes);

/// Writes a model of random weights, normal with deviation 0.02, in bf16, as a Hugging Face folder without a tokenizer.
/// The bytes depend on the arguments only. Throws Error{io}.
void write_seeded_model(const std::filesystem::path& folder, const io::ModelConfig& config, uint64_t seed);

}  // namespace temper::bench
