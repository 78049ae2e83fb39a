#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "device/context.h"
#include "io/checkpoint.h"
#include "nn/kv_cache.h"
#include "nn/lora_factors.h"
#include "nn/token_batch.h"

namespace temper {

/// How a forward pass runs.
struct ForwardOptions {
  const BoundAdapter* adapter = nullptr;  ///< null: the base model alone
  KvCache* cache = nullptr;               ///< null: the batch is whole sequences
  bool checkpoint_activations = false;    ///< keep one activation a block for backward, recompute the rest
  /// Called with each block's output; for finding where a value went wrong.
  std::function<void(int64_t layer, const Tensor& hidden)> observe = {};
};

/// A loaded causal language model: frozen weights on one device, immutable, shared between threads.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual const io::ModelConfig& config() const = 0;
  virtual DType compute_dtype() const = 0;
  /// Every linear layer where an adapter may attach (not the head), in the order of their indices.
  virtual const std::vector<LinearLayer>& linears() const = 0;
  /// Output embedding [vocab, hidden].
  virtual const WeightHandle& head() const = 0;
  virtual KvCache::Geometry cache_geometry() const = 0;
  /// Number of frozen parameters (a tied head counted once) and the bytes they occupy.
  virtual int64_t parameter_count() const = 0;
  virtual size_t weight_bytes() const = 0;

  /// Hidden states after the last norm, [N, hidden] in the compute dtype; differentiable in the adapter's factors.
  virtual Tensor hidden(Context& ctx, const TokenBatch& batch, const ForwardOptions& options) const = 0;

  /// Logits [M, vocab] in f32 of hidden states [M, hidden].
  Tensor logits(Context& ctx, const Tensor& hidden) const;
};

struct LoadOptions {
  DType compute = DType::f32;
  /// Dense weights' type; unset: the stored blocks are kept (`--weights quantized`).
  std::optional<DType> dense = DType::f32;
};

/// Loads the weights of a checkpoint. Throws Error{unsupported} for an architecture temper lacks, Error{format} listing
/// missing and mis-shaped tensors.
std::unique_ptr<LanguageModel> load_language_model(Backend& backend, Context& ctx, const io::Checkpoint& checkpoint,
                                                   const LoadOptions& options);

}  // namespace temper
