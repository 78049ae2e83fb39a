#pragma once

#include <cstdint>

#include "adapter/lora_adapter.h"
#include "train/config.h"
#include "train/dataset.h"

namespace temper::cli {

/// What a training run will hold in memory at its largest step, in bytes. An estimate from shapes.
struct MemoryEstimate {
  double weights = 0;      ///< of the model, as loaded
  double activations = 0;  ///< what forward keeps for backward
  double optimizer = 0;    ///< the adapter, its gradients, AdamW's moments
  double temporaries = 0;  ///< gradients on their way through one block, or the loss's
  double scratch = 0;      ///< working memory within kernels
  double saving = 0;       ///< copies of AdamW's moments, made to write a checkpoint
  int64_t largest_batch_tokens = 0, mean_batch_tokens = 0;

  /// Tensors: what the stream's pool hands out.
  double tensors() const { return activations + optimizer + temporaries; }
  double workspace() const;
  double total() const { return weights + activations + optimizer + workspace(); }
};

MemoryEstimate estimate_memory(const LanguageModel& model, const LoraAdapter& adapter, const train::Dataset& dataset,
                               const train::TrainConfig& config);

}  // namespace temper::cli
