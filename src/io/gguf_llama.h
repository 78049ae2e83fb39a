#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "io/model_config.h"
#include "io/stored_tensor.h"

// How a GGUF file of the llama family differs from the Hugging Face folder it was made from: names, the order of the
// rows of q and k, and rotary scaling as a table of factors.
namespace temper::io {

/// "blk.3.attn_q.weight" -> "model.layers.3.self_attn.q_proj.weight"; nullopt for a name that isn't of the family.
std::optional<std::string> hf_name_of(std::string_view gguf_name);
/// And back.
std::optional<std::string> gguf_name_of(std::string_view hf_name);

/// Whether the rows of this tensor (by its Hugging Face name) are permuted in GGUF files.
bool has_permuted_rows(std::string_view hf_name);

/// Puts the rows of a q or k projection (weight or bias, shape [heads * head_dim, ...]) into Hugging Face's order.
/// GGUF pairs element 2j with 2j + 1 of each head, Hugging Face j with j + head_dim / 2. Whole stored rows move, so
/// quantized blocks stay valid. The result owns its bytes. Error{format} when the shape doesn't fit; `where` names the
/// file.
StoredTensor unpermute_rows(const StoredTensor& tensor, int64_t heads, int64_t head_dim, std::string_view where);

/// The "llama3" scaling from which a converter computed the tensor rope_freqs.weight: `factors` [head_dim / 2] divide
/// the rotary frequencies theta^(-2i / head_dim). nullopt when all are 1. Error{unsupported} when no llama3 scaling
/// gives these factors. Formula: Llama 3.1's reference code, apply_scaling.
std::optional<RopeScaling> rope_scaling_from_factors(std::span<const float> factors, double theta,
                                                     int64_t original_context, std::string_view where);

}  // namespace temper::io
