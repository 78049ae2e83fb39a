#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/lora_config.h"
#include "autograd/tape.h"
#include "models/language_model.h"
#include "nn/lora_factors.h"
#include "ops/state.h"

namespace temper::io {
class SafetensorsFile;
}

namespace temper {

/// Where one module's factors lie in the flat parameter vector.
struct LoraSlot {
  std::string module;  ///< "model.layers.0.self_attn.q_proj"
  int linear_index;    ///< of LanguageModel::linears()
  int64_t rank, in_features, out_features;
  float scale;
  int64_t a_offset, b_offset;  ///< elements; A is [rank, in], B is [out, rank]

  int64_t a_elements() const { return rank * in_features; }
  int64_t b_elements() const { return out_features * rank; }
};

/// A LoRA adapter on a model: all factors in one f32 vector, so that the optimizer, clipping and checkpoints handle one
/// array instead of hundreds.
class LoraAdapter {
 public:
  /// A new adapter: A uniform in +-1/sqrt(in) (Kaiming-uniform with a = sqrt(5), as PEFT), B zero. Drawn by Philox from
  /// (seed, module's position): the same on every device.
  static LoraAdapter create(Context& ctx, const LanguageModel& model, const LoraConfig& config, uint64_t seed);
  /// A PEFT folder (adapter_config.json, adapter_model.safetensors). Strict: missing, unexpected and mis-shaped tensors
  /// are one Error{format} that lists them. `*summary` gets "matched N of M tensors" when given.
  static LoraAdapter load_peft(Context& ctx, const LanguageModel& model, const std::filesystem::path& folder,
                               std::string* summary = nullptr);
  /// The same from the two files of such a folder; `where` names it in errors.
  static LoraAdapter from_peft(Context& ctx, const LanguageModel& model, const LoraConfig& config,
                               const io::SafetensorsFile& tensors, std::string_view where);

  /// Writes adapter_config.json and adapter_model.safetensors into an existing folder, each file atomically.
  void save_peft(Context& ctx, const std::filesystem::path& folder) const;

  /// Replaces the parameters by those of a PEFT folder with the same modules and ranks, as strictly as load_peft.
  void restore_parameters(Context& ctx, const std::filesystem::path& folder);

  const LoraConfig& config() const { return config_; }
  /// For further training: the one setting that changes neither the parameters nor what they compute.
  void set_dropout(double dropout) { config_.dropout = dropout; }
  const std::vector<LoraSlot>& slots() const { return slots_; }
  int64_t parameter_count() const { return parameter_count_; }
  State& parameters() { return parameters_; }  ///< f32 [parameter_count]
  const State& parameters() const { return parameters_; }

  /// Factors for inference.
  BoundAdapter bind() const;
  /// Factors for a training step: each A and B a variable of `tape`, in slot order in `*variables` (A then B), with
  /// dropout.
  BoundAdapter bind(Tape& tape, std::vector<Tensor>* variables) const;

 private:
  LoraAdapter(const LanguageModel& model, LoraConfig config, const std::vector<std::string>& modules);
  BoundAdapter factors() const;
  void take_parameters(Context& ctx, const io::SafetensorsFile& file, std::string_view where);

  LoraConfig config_;
  std::vector<LoraSlot> slots_;
  size_t linear_count_ = 0;
  int64_t parameter_count_ = 0;
  State parameters_;
};

}  // namespace temper
