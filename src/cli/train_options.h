#pragma once

#include <CLI/CLI.hpp>

#include <set>
#include <string>

#include "adapter/lora_config.h"
#include "train/config.h"
#include "train/dataset.h"

namespace temper::cli {

/// What `temper train` was asked for: flags over the YAML file over the defaults.
struct TrainOptions {
  std::string model, data, out, init_adapter, config_file;
  LoraConfig lora;
  std::string targets = "all-linear";
  int64_t num_layers = -1;  ///< adapt this many of the last blocks only; negative: all
  train::TrainConfig train;
  std::string schedule = "cosine";
  std::string mask = "none";
  int64_t seq_len = 256;
  bool pack = false, no_shuffle = false;
  bool resume = false, overwrite = false, dry_run = false, log_json = false;
  int64_t samples = 3;  ///< validation rows answered before and after, for the report

  std::set<std::string> given = {};  ///< flags ("--rank") that the command line or the file sets
  bool is_given(const std::string& flag) const { return given.contains(flag); }
};

/// Declares the flags of `temper train` on the command.
void add_train_options(CLI::App& command, TrainOptions& options);

/// Reads a YAML file with the keys of mlx-lm's LoRA configuration, or temper's own flags with _ for -, into every
/// option of the command that its command line left unset. Throws Error{format} `file:line: key: ...` for malformed
/// YAML, an unknown key (with near matches) or a value that the flag wouldn't take.
void apply_yaml(const std::string& path, CLI::App& command, TrainOptions& options);
/// The same from the text of the file that `path` names.
void apply_yaml_text(const std::string& text, const std::string& path, CLI::App& command, TrainOptions& options);

/// Turns names into values and checks what depends on several options. Throws Error{usage}.
void finish_options(TrainOptions& options);

}  // namespace temper::cli
