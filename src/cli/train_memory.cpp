#include "cli/train_memory.h"

#include <algorithm>
#include <cmath>

#include "train/batches.h"

namespace temper::cli {
namespace {

constexpr double kF32 = 4.0;
// The program itself: code and libraries, the tokenizer, the data set, and what allocators hold without use. Measured
// with SmolLM2-135M: 76 to 91 MB.
constexpr double kProgramBytes = 80e6;
// Of device/cpu: values of a 16-bit or quantized weight expanded at a time; rows of the loss's blocks, and its tasks.
constexpr double kExpandedValues = 4 << 20;
constexpr double kLossRows = 256.0, kLossTasks = 16.0;

struct BatchSize {
  double tokens = 0, targets = 0;
};

/// Elements that a block of the model keeps for backward, by token: in the compute type, and in f32.
struct SavedByToken {
  double compute = 0, f32 = 0;
};

SavedByToken saved_by_block(const io::ModelConfig& c, const LoraAdapter& adapter) {
  const auto adapts = [&](std::string_view name) {
    return std::ranges::any_of(adapter.slots(), [&](const LoraSlot& slot) { return slot.module.ends_with(name); });
  };
  const auto hidden = static_cast<double>(c.hidden_size), inner = static_cast<double>(c.intermediate_size);
  const auto heads = static_cast<double>(c.num_heads * c.head_dim),
             kv = static_cast<double>(c.num_kv_heads * c.head_dim);
  SavedByToken saved;
  saved.compute = 2 * hidden            // inputs of both norms
                  + 2 * heads + 2 * kv  // rotated q and k, v, attention's output, which o_proj takes
                  + 2 * inner;          // gate and up
  const bool dropout = adapter.config().dropout > 0;
  if (!dropout) {  // what adapted layers take; with dropout they keep a copy each
    if (adapts("q_proj") || adapts("k_proj") || adapts("v_proj")) saved.compute += hidden;
    if (adapts("gate_proj") || adapts("up_proj")) saved.compute += hidden;
    if (adapts("down_proj")) saved.compute += inner;
  }
  saved.f32 = 2 + static_cast<double>(c.num_heads);  // statistics of norms and softmax
  for (const LoraSlot& slot : adapter.slots()) {
    const double layers = static_cast<double>(c.num_layers);
    saved.f32 += static_cast<double>(slot.rank) / layers;                      // x A^T
    if (dropout) saved.f32 += static_cast<double>(slot.in_features) / layers;  // dropout(x)
  }
  return saved;
}

/// What kernels of the CPU keep beside their operands: f32 copies of 16-bit panels and the parts of the loss.
double scratch_bytes(const io::ModelConfig& c, double element, const BatchSize& batch, double weight_values) {
  const auto hidden = static_cast<double>(c.hidden_size), inner = static_cast<double>(c.intermediate_size);
  const double parts = std::ceil(kLossTasks / std::max(1.0, std::ceil(batch.targets / kLossRows)));
  const double loss_parts = parts * batch.targets * (hidden + 3), gathered = batch.targets * hidden;
  if (element == kF32) return kF32 * (loss_parts + gathered);
  const double panel = batch.tokens * std::max(inner, hidden);
  return kF32 * (std::max(panel, gathered) + std::max(panel, loss_parts) + std::min(kExpandedValues, weight_values));
}

}  // namespace

double MemoryEstimate::workspace() const {
  return temporaries + scratch + saving + kProgramBytes;
}

MemoryEstimate estimate_memory(const LanguageModel& model, const LoraAdapter& adapter, const train::Dataset& dataset,
                               const train::TrainConfig& config) {
  MemoryEstimate estimate;
  BatchSize largest;
  int64_t total = 0;
  const auto plan = train::plan_epoch(dataset, config.batches, 0);
  for (const auto& batch : plan) {
    int64_t tokens = 0, targets = 0;
    for (const int32_t row : batch) {
      tokens += dataset.rows[static_cast<size_t>(row)].inputs();
      targets += dataset.rows[static_cast<size_t>(row)].targets();
    }
    if (static_cast<double>(tokens) > largest.tokens)
      largest = {static_cast<double>(tokens), static_cast<double>(targets)};
    total += tokens;
  }
  estimate.largest_batch_tokens = static_cast<int64_t>(largest.tokens);
  estimate.mean_batch_tokens = total / std::max<int64_t>(1, static_cast<int64_t>(plan.size()));

  const io::ModelConfig& c = model.config();
  const auto hidden = static_cast<double>(c.hidden_size), inner = static_cast<double>(c.intermediate_size);
  const auto layers = static_cast<double>(c.num_layers);
  const auto element = static_cast<double>(size_of(model.compute_dtype()));
  const SavedByToken saved = saved_by_block(c, adapter);
  const double block = largest.tokens * (element * saved.compute + kF32 * saved.f32);
  const double block_input = largest.tokens * element * hidden;
  // The last block's output, which the final norm keeps, and the loss's gradient, made in the forward pass.
  const double head = block_input + largest.targets * kF32 * hidden;
  estimate.weights = static_cast<double>(model.weight_bytes());
  estimate.activations = head + (config.grad_checkpoint ? layers * block_input + block - block_input : layers * block);
  estimate.optimizer = 4 * kF32 * static_cast<double>(adapter.parameter_count());
  estimate.saving = 2 * kF32 * static_cast<double>(adapter.parameter_count());
  // Backward of the loss (its gradient scaled, in f32 and in the compute type, by target and by token), or of the
  // feed-forward part (gradients of gate, up, their product and the block's output; the product itself has gone).
  const double of_loss = largest.targets * (kF32 + element) * hidden + 2 * block_input;
  const double of_block = largest.tokens * element * (2 * inner + hidden) - largest.targets * kF32 * hidden;
  estimate.temporaries = std::max(of_loss, of_block);
  double weight_values = 0;
  for (const LinearLayer& layer : model.linears())
    weight_values = std::max(weight_values, static_cast<double>(layer.weight->rows() * layer.weight->columns()));
  estimate.scratch = scratch_bytes(c, element, largest, weight_values);
  return estimate;
}

}  // namespace temper::cli
