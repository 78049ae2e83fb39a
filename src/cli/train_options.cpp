#include "cli/train_options.h"

#include "base/fail.h"
#include "cli/checks.h"

namespace temper::cli {

train::PromptMask parse_mask(const std::string& name);  // eval.cpp

namespace {

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) names.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return names;
}

/// A target with regex punctuation is a regular expression, as in PEFT a lone string would be; names hold none.
bool looks_like_regex(const std::string& text) {
  return text.find_first_of("*+?()[]{}|\\^$") != std::string::npos;
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& o) {
  command.add_option("config", o.config_file, "YAML file; flags override it (mlx-lm's LoRA keys are accepted)");
  command.add_option("--model", o.model, "Hugging Face folder or .gguf file");
  command.add_option("--data", o.data, "folder with train.jsonl and, if there, valid.jsonl");
  command.add_option("--out", o.out, "folder for the adapter, checkpoints, metrics and report");

  std::string group = "Adapter";
  command.add_option("--rank", o.lora.rank, "rank of the update")
      ->capture_default_str()
      ->check(whole_number(1))
      ->group(group);
  command.add_option("--alpha", o.lora.alpha, "the update is scaled by alpha / rank")
      ->capture_default_str()
      ->check(number(0, 1e6, Ends::low_open))
      ->group(group);
  command.add_option("--dropout", o.lora.dropout, "on the adapter's input")
      ->capture_default_str()
      ->check(number(0, 1, Ends::high_open))
      ->group(group);
  command.add_option("--targets", o.targets, "all-linear, names (q_proj,v_proj) or a regular expression")
      ->capture_default_str()
      ->check(not_empty())
      ->group(group);
  command.add_option("--num-layers", o.num_layers, "adapt only the last N blocks; -1: all")
      ->capture_default_str()
      ->check(whole_number(-1))
      ->group(group);
  command.add_flag("--rslora", o.lora.rslora, "scaled by alpha / sqrt(rank) instead")->group(group);
  command.add_option("--init-adapter", o.init_adapter, "start from this PEFT folder")->group(group);

  group = "Data";
  command.add_option("--batch-size", o.train.batches.batch_size, "rows a batch")
      ->capture_default_str()
      ->check(whole_number(1))
      ->group(group);
  command.add_option("--batch-tokens", o.train.batches.batch_tokens, "instead: rows up to this many tokens a batch")
      ->check(whole_number(1))
      ->group(group);
  command.add_option("--seq-len", o.seq_len, "longer rows are cut to this many tokens")
      ->capture_default_str()
      ->check(whole_number(2))
      ->group(group);
  command.add_flag("--pack", o.pack, "fill each batch to batch-size x seq-len tokens with whole rows")->group(group);
  command.add_flag("--no-shuffle", o.no_shuffle, "keep the order of the file")->group(group);
  command.add_option("--mask-prompt", o.mask, "train on: none = every token, last = final reply, all = every reply")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "last", "all"}))
      ->group(group);

  group = "Optimisation";
  train::TrainConfig& t = o.train;
  command.add_option("--steps", t.steps, "optimizer steps; without it --epochs counts")
      ->check(whole_number(1))
      ->group(group);
  command.add_option("--epochs", t.epochs, "passes over the data")
      ->capture_default_str()
      ->check(whole_number(1))
      ->group(group);
  command.add_option("--grad-accum", t.grad_accum, "batches a step")
      ->capture_default_str()
      ->check(whole_number(1))
      ->group(group);
  command.add_option("--lr", t.lr, "highest learning rate")->capture_default_str()->check(number(0))->group(group);
  command.add_option("--schedule", o.schedule, "of the learning rate after the warm-up")
      ->capture_default_str()
      ->check(CLI::IsMember({"constant", "linear", "cosine"}))
      ->group(group);
  command.add_option("--warmup", t.warmup, "steps from 0 to --lr")
      ->capture_default_str()
      ->check(whole_number(0))
      ->group(group);
  command.add_option("--weight-decay", t.weight_decay, "AdamW's")
      ->capture_default_str()
      ->check(number(0))
      ->group(group);
  command.add_option("--max-grad-norm", t.max_grad_norm, "clip; 0: never")
      ->capture_default_str()
      ->check(number(0))
      ->group(group);
  command.add_option("--label-smoothing", t.label_smoothing, "0 to 1")
      ->capture_default_str()
      ->check(number(0, 1, Ends::high_open))
      ->group(group);
  command.add_flag("--grad-checkpoint", t.grad_checkpoint, "recompute activations: less memory, about a third slower")
      ->group(group);
  command.add_option("--seed", t.seed, "of initial values, order and dropout")
      ->capture_default_str()
      ->check(whole_number(0))
      ->group(group);

  group = "Run";
  command.add_option("--eval-every", t.eval_every, "steps between validations; 0: start and end")
      ->capture_default_str()
      ->check(whole_number(0))
      ->group(group);
  command.add_option("--save-every", t.save_every, "steps between checkpoints; 0: at the end")
      ->capture_default_str()
      ->check(whole_number(0))
      ->group(group);
  command.add_option("--samples", o.samples, "validation rows answered before and after for the report")
      ->capture_default_str()
      ->check(whole_number(0, 100))
      ->group(group);
  command.add_flag("--resume", o.resume, "go on from the newest checkpoint in --out")->group(group);
  command.add_flag("--overwrite", o.overwrite, "replace what an earlier run left in --out")->group(group);
  command.add_flag("--dry-run", o.dry_run, "say what would be trained and how much memory it needs")->group(group);
  command.add_flag("--log-json", o.log_json, "metrics as JSON lines on standard output, nothing else there")
      ->group(group);
}

void finish_options(TrainOptions& o) {
  if (o.model.empty()) fail(ErrorCode::usage, "train: --model is required (a Hugging Face folder or a .gguf file)");
  if (o.data.empty()) fail(ErrorCode::usage, "train: --data is required (a folder with train.jsonl)");
  if (o.out.empty() && !o.dry_run) fail(ErrorCode::usage, "train: --out is required (a folder for the results)");
  if (o.resume && o.overwrite) fail(ErrorCode::usage, "train: --resume and --overwrite exclude each other");
  o.train.schedule = train::schedule_from_name(o.schedule);
  o.lora.targets = split_names(o.targets);
  if (looks_like_regex(o.targets)) {
    o.lora.targets = {o.targets};
    o.lora.targets_are_regex = true;
  }
  if (o.num_layers == 0) fail(ErrorCode::usage, "--num-layers 0: at least one block must be adapted");
  if (o.pack) {
    if (o.train.batches.batch_size > INT32_MAX / o.seq_len)
      fail(ErrorCode::usage, "--batch-size {} x --seq-len {}: a batch has at most {} tokens",
           o.train.batches.batch_size, o.seq_len, INT32_MAX);
    if (o.train.batches.batch_tokens == 0) o.train.batches.batch_tokens = o.train.batches.batch_size * o.seq_len;
  }
  o.train.batches.shuffle = !o.no_shuffle;
  train::check(o.train);
}

}  // namespace temper::cli
