// The YAML keys of mlx-lm's LoRA configuration, and temper's own flag names.
#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>

#include "adapter/near_match.h"
#include "base/fail.h"
#include "base/log.h"
#include "cli/train_options.h"

namespace temper::cli {
namespace {

/// One key: the flag it stands for (so that the command line can override it), and how its value is read.
struct YamlKey {
  std::string flag;
  std::function<void(const YAML::Node&, TrainOptions&)> read;
};

std::string place(const std::string& path, const YAML::Node& node) {
  return fmt::format("{}:{}", path, node.Mark().line + 1);
}

template <class T>
YamlKey value_of(std::string flag, T& (*field)(TrainOptions&)) {
  return {std::move(flag), [field](const YAML::Node& node, TrainOptions& o) { field(o) = node.as<T>(); }};
}

YamlKey ignored() {
  return {"", [](const YAML::Node&, TrainOptions&) {}};
}

void read_lora_parameters(const YAML::Node& node, TrainOptions& o) {
  double rank_scale = -1;
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key == "rank") {
      o.lora.rank = entry.second.as<int64_t>();
    } else if (key == "dropout") {
      o.lora.dropout = entry.second.as<double>();
    } else if (key == "scale") {
      rank_scale = entry.second.as<double>();
    } else if (key == "alpha") {
      // mlx-lm itself reads only `scale`; old files carry an unused alpha beside it.
      if (!node["scale"]) o.lora.alpha = entry.second.as<double>();
    } else if (key == "keys") {
      std::string names;
      for (const auto& name : entry.second) names += (names.empty() ? "" : ",") + name.as<std::string>();
      o.targets = names;
    } else {
      throw YAML::Exception(entry.first.Mark(),
                            "unknown key '" + key + "' in lora_parameters; rank, scale, dropout and keys are known");
    }
  }
  if (rank_scale >= 0) o.lora.alpha = rank_scale * static_cast<double>(o.lora.rank);
}

void read_schedule(const YAML::Node& node, TrainOptions& o) {
  if (node.IsScalar()) {
    o.schedule = node.as<std::string>();
    return;
  }
  const auto name = node["name"].as<std::string>();
  if (name == "cosine_decay")
    o.schedule = "cosine";
  else if (name == "linear_schedule")
    o.schedule = "linear";
  else
    throw YAML::Exception(node.Mark(), "schedule '" + name + "' is not known; cosine_decay and linear_schedule are");
  o.train.warmup = node["warmup"] ? node["warmup"].as<int64_t>() : 0;
  if (node["arguments"] && node["arguments"].size() > 0) o.train.lr = node["arguments"][0].as<double>();
}

void require_value(const YAML::Node& node, const std::string& wanted) {
  if (node.as<std::string>() != wanted)
    throw YAML::Exception(node.Mark(), "only '" + wanted + "' is implemented, not '" + node.as<std::string>() + "'");
}

const std::map<std::string, YamlKey>& yaml_keys() {
  static const std::map<std::string, YamlKey> keys = [] {
    using O = TrainOptions;
    std::map<std::string, YamlKey> k;
    const auto add = [&k](std::initializer_list<const char*> names, const YamlKey& key) {
      for (const char* name : names) k.emplace(name, key);
    };
    add({"model"}, value_of<std::string>("--model", [](O& o) -> std::string& { return o.model; }));
    add({"data"}, value_of<std::string>("--data", [](O& o) -> std::string& { return o.data; }));
    add({"adapter_path", "out"}, value_of<std::string>("--out", [](O& o) -> std::string& { return o.out; }));
    add({"resume_adapter_file", "init_adapter"}, {"--init-adapter", [](const YAML::Node& n, O& o) {
                                                    if (!n.IsNull()) o.init_adapter = n.as<std::string>();
                                                  }});
    add({"iters", "steps"}, value_of<int64_t>("--steps", [](O& o) -> int64_t& { return o.train.steps; }));
    add({"epochs"}, value_of<int64_t>("--epochs", [](O& o) -> int64_t& { return o.train.epochs; }));
    add({"batch_size"}, value_of<int64_t>("--batch-size", [](O& o) -> int64_t& { return o.train.batches.batch_size; }));
    add({"batch_tokens"},
        value_of<int64_t>("--batch-tokens", [](O& o) -> int64_t& { return o.train.batches.batch_tokens; }));
    add({"max_seq_length", "seq_len"}, value_of<int64_t>("--seq-len", [](O& o) -> int64_t& { return o.seq_len; }));
    add({"learning_rate", "lr"}, value_of<double>("--lr", [](O& o) -> double& { return o.train.lr; }));
    add({"lr_schedule", "schedule"}, {"--schedule", read_schedule});
    add({"warmup"}, value_of<int64_t>("--warmup", [](O& o) -> int64_t& { return o.train.warmup; }));
    add({"weight_decay"}, value_of<double>("--weight-decay", [](O& o) -> double& { return o.train.weight_decay; }));
    add({"max_grad_norm"}, value_of<double>("--max-grad-norm", [](O& o) -> double& { return o.train.max_grad_norm; }));
    add({"label_smoothing"},
        value_of<float>("--label-smoothing", [](O& o) -> float& { return o.train.label_smoothing; }));
    add({"grad_accumulation_steps", "grad_accum"},
        value_of<int64_t>("--grad-accum", [](O& o) -> int64_t& { return o.train.grad_accum; }));
    add({"grad_checkpoint"},
        value_of<bool>("--grad-checkpoint", [](O& o) -> bool& { return o.train.grad_checkpoint; }));
    add({"steps_per_eval", "eval_every"},
        value_of<int64_t>("--eval-every", [](O& o) -> int64_t& { return o.train.eval_every; }));
    add({"save_every"}, value_of<int64_t>("--save-every", [](O& o) -> int64_t& { return o.train.save_every; }));
    add({"seed"}, value_of<uint64_t>("--seed", [](O& o) -> uint64_t& { return o.train.seed; }));
    add({"num_layers", "lora_layers"},
        value_of<int64_t>("--num-layers", [](O& o) -> int64_t& { return o.num_layers; }));
    add({"lora_parameters"}, {"", read_lora_parameters});
    add({"rank"}, value_of<int64_t>("--rank", [](O& o) -> int64_t& { return o.lora.rank; }));
    add({"alpha"}, value_of<double>("--alpha", [](O& o) -> double& { return o.lora.alpha; }));
    add({"dropout"}, value_of<double>("--dropout", [](O& o) -> double& { return o.lora.dropout; }));
    add({"rslora"}, value_of<bool>("--rslora", [](O& o) -> bool& { return o.lora.rslora; }));
    add({"targets"}, value_of<std::string>("--targets", [](O& o) -> std::string& { return o.targets; }));
    add({"pack"}, value_of<bool>("--pack", [](O& o) -> bool& { return o.pack; }));
    add({"mask_prompt"}, {"--mask-prompt", [](const YAML::Node& n, O& o) {
                            const auto text = n.as<std::string>();
                            o.mask = text == "true" ? "last" : text == "false" ? "none" : text;
                          }});
    add({"fine_tune_type"}, {"", [](const YAML::Node& n, O&) { require_value(n, "lora"); }});
    add({"optimizer"}, {"", [](const YAML::Node& n, O&) { require_value(n, "adamw"); }});
    // What mlx-lm's files carry and means nothing here: reporting is always on, and `temper train` always trains.
    add({"train", "test", "val_batches", "test_batches", "steps_per_report", "report_to", "project_name", "wandb"},
        ignored());
    return k;
  }();
  return keys;
}

}  // namespace

void apply_yaml(const std::string& path, const CLI::App& command, TrainOptions& options) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(path);
  } catch (const YAML::BadFile&) {
    fail(ErrorCode::not_found, "{}: cannot read the configuration", path);
  } catch (const YAML::Exception& error) {
    fail(ErrorCode::format, "{}:{}: malformed YAML: {}", path, error.mark.line + 1, error.msg);
  }
  if (!root.IsMap()) fail(ErrorCode::format, "{}: a configuration is a map of keys to values", path);
  std::vector<std::string> known;
  for (const auto& [name, key] : yaml_keys()) known.push_back(name);
  // What the command line says stays: read the file into a copy, then put back the options that flags set.
  const TrainOptions from_flags = options;
  for (const auto& entry : root) {
    const auto name = entry.first.as<std::string>();
    const auto key = yaml_keys().find(name);
    if (key == yaml_keys().end())
      fail(ErrorCode::format, "{}: unknown key '{}'; did you mean {}?", place(path, entry.first), name,
           fmt::join(near_matches(name, known, 2), " or "));
    if (!key->second.flag.empty() && command.get_option(key->second.flag)->count() > 0) continue;
    try {
      key->second.read(entry.second, options);
    } catch (const YAML::Exception& error) {
      fail(ErrorCode::format, "{}: {}: {}", place(path, entry.second), name, error.msg);
    }
  }
  // A composite key sets several options; flags win over each of them.
  const auto given = [&](const char* flag) { return command.get_option(flag)->count() > 0; };
  if (given("--rank")) options.lora.rank = from_flags.lora.rank;
  if (given("--alpha")) options.lora.alpha = from_flags.lora.alpha;
  if (given("--dropout")) options.lora.dropout = from_flags.lora.dropout;
  if (given("--targets")) options.targets = from_flags.targets;
  if (given("--lr")) options.train.lr = from_flags.train.lr;
  if (given("--warmup")) options.train.warmup = from_flags.train.warmup;
}

}  // namespace temper::cli
