#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

/// Hyper-parameters of a LoRA adapter, with PEFT's meanings (adapter_config.json).
struct LoraConfig {
  int64_t rank = 8;
  double alpha = 16.0;
  double dropout = 0.0;  ///< on the adapter's input, in training
  bool rslora = false;   ///< scale alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski 2023)
  /// Module names ("q_proj", "self_attn.q_proj"), one regular expression, or {"all-linear"}: every linear layer but the
  /// head.
  std::vector<std::string> targets = {"all-linear"};
  bool targets_are_regex = false;
  std::map<std::string, int64_t> rank_pattern = {};  ///< module name or regular expression -> rank
  std::map<std::string, double> alpha_pattern = {};
  std::string base_model = {};

  int64_t rank_of(std::string_view module) const;
  double alpha_of(std::string_view module) const;
  double scale_of(std::string_view module) const;
};

/// Which of `modules` (full paths) the config names, in order. Throws Error{invalid_argument} for a target that names
/// none, with near matches, for a rank below 1 and for values outside their domain.
std::vector<std::string> target_modules(const LoraConfig& config, const std::vector<std::string>& modules);

/// PEFT's adapter_config.json. Reading accepts unknown keys and refuses, by name, those that would change the
/// arithmetic in a way temper doesn't implement (DoRA, bias, modules_to_save, ...).
LoraConfig lora_config_from_json(std::string_view text, std::string_view where);
std::string lora_config_to_json(const LoraConfig& config);

}  // namespace temper
