#include "cli/train_adapter.h"

#include <algorithm>

#include "base/fail.h"
#include "base/log.h"

namespace temper::cli {
namespace {

std::vector<std::string> module_names(const LanguageModel& model) {
  std::vector<std::string> names;
  for (const LinearLayer& layer : model.linears()) names.push_back(layer.name);
  return names;
}

/// The configuration of a new adapter, with --num-layers written out as module names.
LoraConfig new_config(const LanguageModel& model, const TrainOptions& options) {
  LoraConfig config = options.lora;
  const int64_t layers = model.config().num_layers;
  if (options.num_layers < 0 || options.num_layers >= layers) return config;
  std::vector<std::string> targets;
  for (const std::string& module : target_modules(config, module_names(model)))
    for (int64_t i = layers - options.num_layers; i < layers; ++i)
      if (module.find(fmt::format("layers.{}.", i)) != std::string::npos) targets.push_back(module);
  if (targets.empty())
    fail(ErrorCode::invalid_argument, "--targets {}: names nothing in the last {} blocks that --num-layers leaves",
         options.targets, options.num_layers);
  config.targets = targets;
  config.targets_are_regex = false;
  return config;
}

void check_agreement(const LanguageModel& model, const TrainOptions& options, const LoraAdapter& loaded) {
  const LoraConfig& theirs = loaded.config();
  const auto refuse = [&](const std::string& flag, const std::string& value) {
    fail(ErrorCode::usage, "{0}: --init-adapter {1} has {2}; leave {0} out to train it as it is", flag,
         options.init_adapter, value);
  };
  if (options.is_given("--rank") && options.lora.rank != theirs.rank) refuse("--rank", fmt::format("{}", theirs.rank));
  if (options.is_given("--alpha") && options.lora.alpha != theirs.alpha)
    refuse("--alpha", fmt::format("{}", theirs.alpha));
  if (options.is_given("--rslora") && options.lora.rslora != theirs.rslora)
    refuse("--rslora", theirs.rslora ? "it" : "no rsLoRA scaling");
  for (const char* flag : {"--targets", "--num-layers"}) {
    if (!options.is_given(flag)) continue;
    std::vector<std::string> ours = target_modules(new_config(model, options), module_names(model)), adapted;
    for (const LoraSlot& slot : loaded.slots()) adapted.push_back(slot.module);
    std::ranges::sort(ours);
    std::ranges::sort(adapted);
    if (ours != adapted) refuse(flag, fmt::format("{} adapted layers, others than these", adapted.size()));
  }
}

}  // namespace

LoraAdapter initial_adapter(Context& ctx, const LanguageModel& model, const TrainOptions& options) {
  if (options.init_adapter.empty())
    return LoraAdapter::create(ctx, model, new_config(model, options), options.train.seed);
  std::string summary;
  LoraAdapter adapter = LoraAdapter::load_peft(ctx, model, options.init_adapter, &summary);
  check_agreement(model, options, adapter);
  if (options.is_given("--dropout")) adapter.set_dropout(options.lora.dropout);
  log::info("{}: rank {}, {}", options.init_adapter, adapter.config().rank, summary);
  return adapter;
}

}  // namespace temper::cli
