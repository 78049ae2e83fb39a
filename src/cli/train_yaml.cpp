// The YAML keys of mlx-lm's LoRA configuration, and temper's own flags.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "adapter/near_match.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/train_options.h"

namespace temper::cli {
namespace {

/// mlx-lm's names of what temper's flags call otherwise.
const std::map<std::string, std::string> kMlxNames = {{"adapter_path", "--out"},
                                                      {"resume_adapter_file", "--init-adapter"},
                                                      {"iters", "--steps"},
                                                      {"max_seq_length", "--seq-len"},
                                                      {"learning_rate", "--lr"},
                                                      {"grad_accumulation_steps", "--grad-accum"},
                                                      {"steps_per_eval", "--eval-every"},
                                                      {"lora_layers", "--num-layers"}};

/// What mlx-lm's files carry and means nothing here: reporting is always on, and `temper train` always trains.
const std::set<std::string> kIgnored = {
    "train",     "test",         "val_batches", "test_batches", "steps_per_report",
    "report_to", "project_name", "wandb",       "config",       "clear_cache_threshold"};

/// Flags that belong to one start of a run, not to its description.
const std::set<std::string> kNotInFiles = {"--help", "--resume", "--overwrite", "--dry-run", "--log-json"};

std::string flag_of_key(const std::string& key) {
  if (const auto found = kMlxNames.find(key); found != kMlxNames.end()) return found->second;
  std::string flag = "--" + key;
  std::ranges::replace(flag, '_', '-');
  return flag;
}

[[noreturn]] void complain(const YAML::Node& node, const std::string& message) {
  throw YAML::Exception(node.Mark(), message);
}

std::string text_of(const YAML::Node& node) {
  if (!node.IsScalar()) complain(node, "a single value is expected");
  return node.Scalar();
}

double number_of(const YAML::Node& node) {
  double value = 0;
  if (!YAML::convert<double>::decode(node, value)) complain(node, "a number is expected");
  return value;
}

void require_map(const YAML::Node& node) {
  if (!node.IsMap()) complain(node, "a map of keys to values is expected");
}

/// Reads one file into the options of the command.
class Reader {
 public:
  Reader(CLI::App& command, TrainOptions& options) : command_(command), options_(options) {
    for (const CLI::Option* option : command.get_options())
      if (option->count() > 0) on_command_line_.insert(option->get_name());
  }

  void read(const std::string& key, const YAML::Node& node) {
    if (kIgnored.contains(key)) return;
    if (key == "lora_parameters") return read_lora_parameters(node);
    if (key == "lr_schedule") return read_schedule(node);
    if (key == "optimizer") return read_optimizer(node);
    if (key == "optimizer_config") return read_optimizer_config(node);
    if (key == "fine_tune_type") {
      if (text_of(node) != "lora") complain(node, "'lora' is implemented, '" + text_of(node) + "' is not");
      return;
    }
    const std::string flag = flag_of_key(key);
    if (kNotInFiles.contains(flag) || !command_.get_option_no_throw(flag)) return complain_of_key(key, node);
    set(flag, node);
  }

  /// mlx-lm's scale multiplies the update whatever the rank is, so it is known when the rank is.
  void finish() {
    if (scale_) options_.lora.alpha = *scale_ * static_cast<double>(options_.lora.rank);
  }

 private:
  bool flag_wins(const std::string& flag) const { return on_command_line_.contains(flag); }

  /// Gives the flag the node's value, with all of its checks.
  void set(const std::string& flag, const YAML::Node& node) {
    if (node.IsNull() || flag_wins(flag)) return;
    std::string text;
    if (flag == "--targets" && node.IsSequence())
      for (const YAML::Node& name : node) text += (text.empty() ? "" : ",") + text_of(name);
    else
      text = text_of(node);
    if (flag == "--mask-prompt" && text == "true") text = "last";
    if (flag == "--mask-prompt" && text == "false") text = "none";
    CLI::Option& option = *command_.get_option(flag);
    option.clear();
    option.add_result(text);
    try {
      option.run_callback();
    } catch (const CLI::ParseError& error) {
      const std::string message = error.what(), prefix = flag + ": ";
      complain(node, message.starts_with(prefix) ? message.substr(prefix.size()) : "'" + text + "' is not understood");
    }
  }

  [[noreturn]] void complain_of_key(const std::string& key, const YAML::Node& node) const {
    std::vector<std::string> known = {"lora_parameters", "lr_schedule", "optimizer", "optimizer_config",
                                      "fine_tune_type"};
    for (const auto& [name, flag] : kMlxNames) known.push_back(name);
    for (const CLI::Option* option : command_.get_options()) {
      if (option->get_lnames().empty() || kNotInFiles.contains(option->get_name())) continue;
      std::string name = option->get_lnames()[0];
      std::ranges::replace(name, '-', '_');
      known.push_back(name);
    }
    complain(node,
             fmt::format("unknown key '{}'; did you mean {}?", key, fmt::join(near_matches(key, known, 2), " or ")));
  }

  void read_lora_parameters(const YAML::Node& node) {
    require_map(node);
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      if (key == "rank" || key == "dropout")
        set("--" + key, entry.second);
      else if (key == "keys")
        set("--targets", entry.second);
      else if (key == "scale")
        set_scale(entry.second);
      else if (key != "alpha")
        complain(entry.first, "unknown key '" + key + "'; rank, scale, dropout and keys are known");
    }
    // mlx-lm itself reads only `scale`; old files carry an unused alpha beside it.
    if (node["alpha"] && !node["scale"]) set("--alpha", node["alpha"]);
  }

  void set_scale(const YAML::Node& node) {
    if (flag_wins("--alpha")) return;
    scale_ = number_of(node);
    if (!(*scale_ > 0)) complain(node, "scale must be above 0");
    options_.given.insert("--alpha");
  }

  void read_schedule(const YAML::Node& node) {
    if (node.IsNull()) return;
    if (node.IsScalar()) return set("--schedule", node);
    require_map(node);
    if (!node["name"]) complain(node, "`name` is missing; cosine_decay and linear_schedule are known");
    const std::string name = text_of(node["name"]);
    if (name != "cosine_decay" && name != "linear_schedule")
      complain(node["name"], "schedule '" + name + "' is not known; cosine_decay and linear_schedule are");
    set("--schedule", YAML::Node(name == "cosine_decay" ? "cosine" : "linear"));
    set("--warmup", node["warmup"] ? node["warmup"] : YAML::Node(0));
    const YAML::Node arguments = node["arguments"];
    if (!arguments || arguments.size() == 0) return;
    set("--lr", arguments[0]);
    if (arguments.size() > 1)
      log::warn("lr_schedule: the rate goes from {} to 0 over the whole run; the other arguments are not used",
                text_of(arguments[0]));
  }

  void read_optimizer(const YAML::Node& node) {
    const std::string name = text_of(node);
    if (name == "adam")
      set("--weight-decay", YAML::Node(0));  // AdamW without decay is Adam
    else if (name != "adamw")
      complain(node, "'adamw' and 'adam' are implemented, '" + name + "' is not");
  }

  void read_optimizer_config(const YAML::Node& node) {
    require_map(node);
    for (const auto& optimizer : node)
      for (const auto& entry : optimizer.second) {
        const auto key = entry.first.as<std::string>();
        if (key == "betas" && entry.second.IsSequence() && entry.second.size() == 2) {
          options_.train.beta1 = number_of(entry.second[0]);
          options_.train.beta2 = number_of(entry.second[1]);
        } else if (key == "eps") {
          options_.train.eps = number_of(entry.second);
        } else if (key == "weight_decay") {
          set("--weight-decay", entry.second);
        } else if (key != "bias_correction") {  // always on here
          complain(entry.first, "'" + key + "' is not understood; betas: [b1, b2], eps and weight_decay are");
        }
      }
  }

  CLI::App& command_;
  TrainOptions& options_;
  std::set<std::string> on_command_line_;
  std::optional<double> scale_;
};

}  // namespace

void apply_yaml(const std::string& path, CLI::App& command, TrainOptions& options) {
  if (std::filesystem::is_directory(path))
    fail(ErrorCode::format, "{}: is a folder; a YAML file is expected here, --model names a model", path);
  apply_yaml_text(read_file(path), path, command, options);
}

void apply_yaml_text(const std::string& text, const std::string& path, CLI::App& command, TrainOptions& options) {
  const auto place = [&](const YAML::Mark& mark) { return fmt::format("{}:{}", path, mark.line + 1); };
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    fail(ErrorCode::format, "{}: malformed YAML: {}", place(error.mark), error.msg);
  }
  if (!root.IsMap()) fail(ErrorCode::format, "{}: a configuration is a map of keys to values", path);
  Reader reader(command, options);
  for (const auto& entry : root) {
    if (!entry.first.IsScalar()) fail(ErrorCode::format, "{}: a key must be a word", place(entry.first.Mark()));
    const auto key = entry.first.as<std::string>();
    try {
      reader.read(key, entry.second);
    } catch (const YAML::Exception& error) {
      const YAML::Mark mark = error.mark.is_null() ? entry.first.Mark() : error.mark;
      fail(ErrorCode::format, "{}: {}: {}", place(mark), key, error.msg);
    }
  }
  reader.finish();
}

}  // namespace temper::cli
