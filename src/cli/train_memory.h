#pragma once

#include <cstdint>

#include "adapter/lora_adapter.h"
#include "train/config.h"
#include "train/dataset.h"

namespace temper::cli {

/// What a training run will hold in memory at its largest step, in bytes. An estimate from shapes.
struct MemoryEstimate {
  double weights = 0, activations = 0, optimizer = 0, workspace = 0;
  int64_t largest_batch_tokens = 0, mean_batch_tokens = 0;
  double total() const { return weights + activations + optimizer + workspace; }
};

MemoryEstimate estimate_memory(const LanguageModel& model, const LoraAdapter& adapter, const train::Dataset& dataset,
                               const train::TrainConfig& config);

}  // namespace temper::cli
