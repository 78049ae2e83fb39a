#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapter/lora_adapter.h"
#include "io/checkpoint.h"

namespace temper {

/// One module's low-rank update on the host: W += scale * B A, with A [rank, in], B [out, rank].
struct LoraUpdate {
  std::string module;  ///< "model.layers.0.self_attn.q_proj"
  int64_t rank = 0, in_features = 0, out_features = 0;
  float scale = 0.0f;
  std::vector<float> a, b;

  /// Adds the update's rows [first_row, first_row + n) to `rows`, [n, in] in f32.
  void add_to(std::span<float> rows, int64_t first_row) const;
  /// Frobenius norm of scale * B A, without forming it.
  double norm() const;
};

/// All updates of an adapter. Waits for the device.
std::vector<LoraUpdate> lora_updates(Context& ctx, const LoraAdapter& adapter);

/// What a merged folder is stored as unless asked otherwise: the 16-bit type that holds the base's weights best. A base
/// stored in f16 or bf16 keeps its type. Quantized blocks become f16: their scales are f16 themselves, so nothing
/// overflows, and f16 rounds eight times finer than bf16. An f32 base becomes bf16, which has its range.
DType merged_dtype(const io::Checkpoint& base);

struct MergeOptions {
  std::optional<DType> dtype;                ///< f32, bf16 or f16; unset: merged_dtype()
  size_t max_shard_bytes = size_t{4} << 30;  ///< larger models are sharded
};

struct MergeResult {
  DType dtype = DType::f32;
  int64_t tensors = 0, parameters = 0;
  uint64_t bytes = 0;  ///< of weights
  size_t files = 0;    ///< weight files
};

/// Fills an existing folder with a complete model for Transformers: configuration, tokenizer, chat template and the
/// weights of `base` plus `updates` in Hugging Face's layout, each weight computed in f32 and rounded once. A tied head
/// stays tied. Needs memory for some rows of one tensor at a time (a whole q or k projection where GGUF permuted it).
/// Throws Error{invalid_argument} for an update whose module the base lacks, Error{numeric} for a merged weight that
/// the type can't hold, Error{io}.
MergeResult write_merged_model(const io::Checkpoint& base, std::span<const LoraUpdate> updates,
                               const std::filesystem::path& folder, const MergeOptions& options);

}  // namespace temper
