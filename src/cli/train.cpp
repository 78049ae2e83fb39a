// `temper train`: what happens around the optimizer steps: data, checkpoints, metrics, samples, report.
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <set>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "cli/prompt_mask.h"
#include "cli/session.h"
#include "cli/train_adapter.h"
#include "cli/train_memory.h"
#include "cli/train_options.h"
#include "cli/train_output.h"
#include "cli/train_samples.h"
#include "generate/generator.h"
#include "train/report/html_report.h"
#include "train/report/progress.h"
#include "train/report/tensorboard.h"
#include "train/report/units.h"
#include "train/trainer.h"

namespace temper::cli {
namespace {

namespace fs = std::filesystem;
using train::Dataset;

constexpr size_t kLossesAveraged = 10;
constexpr int64_t kSampleTokens = 64;

struct Data {
  Dataset train;
  std::optional<Dataset> valid;
};

Data load_data(const TextModel& model, const TrainOptions& options) {
  const fs::path folder = options.data;
  const train::DatasetOptions row_options{.mask = parse_mask(options.mask), .max_tokens = options.seq_len};
  const fs::path train_path = fs::is_directory(folder) ? folder / "train.jsonl" : folder;
  if (!fs::exists(train_path))
    fail(ErrorCode::not_found, "{}: no such file; --data is a folder with train.jsonl (and valid.jsonl), or one file",
         train_path.string());
  Data data{train::load_dataset(model, train_path, row_options), std::nullopt};
  if (fs::is_directory(folder) && fs::exists(folder / "valid.jsonl"))
    data.valid = train::load_dataset(model, folder / "valid.jsonl", row_options);
  const auto note = [&](const Dataset& set) {
    log::info("{}: {} rows, {} tokens, {} of them trained", set.path.string(), set.rows.size(), set.tokens(),
              set.targets());
    if (set.rows_cut > 0)
      log::warn("{}: {} rows are longer than --seq-len {} and were cut; what was cut is not trained", set.path.string(),
                set.rows_cut, options.seq_len);
    if (set.rows_without_stop > 0)
      log::warn("{}: {} rows don't end with a stop token; from them the model doesn't learn to stop", set.path.string(),
                set.rows_without_stop);
    const int64_t context = model.language_model().config().max_position_embeddings;
    const auto beyond = std::ranges::count_if(
        set.rows, [&](const train::Row& row) { return static_cast<int64_t>(row.ids.size()) > context; });
    if (beyond > 0)
      log::warn("{}: {} rows are longer than the model's context of {} tokens; --seq-len {} would cut them there",
                set.path.string(), beyond, context, context);
  };
  note(data.train);
  if (data.valid) note(*data.valid);
  return data;
}

/// The last word of a path, whatever its spelling.
std::string model_name(const std::string& path) {
  return fs::weakly_canonical(fs::path(path) / "").parent_path().filename().string();
}

OrderedJson run_identity(const TrainOptions& options, const LoraAdapter& adapter, const Data& data,
                         const LanguageModel& model) {
  OrderedJson identity = train::fingerprint(options.train);
  // By its name, not its path: a run may be resumed from another folder or machine.
  identity["model"] = model_name(options.model);
  identity["parameters"] = model.parameter_count();
  identity["dtype"] = name_of(model.compute_dtype());
  identity["adapter"] = parse_ordered_json(lora_config_to_json(adapter.config()), "adapter");
  identity["adapter"].erase("base_model_name_or_path");
  identity["mask_prompt"] = options.mask;
  identity["seq_len"] = options.seq_len;
  identity["train_data_sha256"] = sha256_of_file(data.train.path);
  return identity;
}

std::vector<std::string> answer(LoadedModel& loaded, const std::vector<TrainSample>& samples,
                                const BoundAdapter* adapter) {
  std::vector<std::vector<int32_t>> prompts;
  for (const TrainSample& sample : samples) prompts.push_back(sample.ids);
  std::vector<std::string> texts;
  Generator generator(loaded.ctx(), loaded.model, adapter);
  for (const Reply& reply : generator.run(prompts, {.max_tokens = kSampleTokens}, {}, &interrupted()))
    texts.push_back(reply.text);
  return texts;
}

train::SplitStats split_stats(const std::string& name, const Dataset& set) {
  train::SplitStats stats{.name = name,
                          .rows = static_cast<int64_t>(set.rows.size()),
                          .tokens = set.tokens(),
                          .trained_tokens = set.targets(),
                          .rows_cut = set.rows_cut};
  for (const train::Row& row : set.rows) stats.row_lengths.push_back(static_cast<int64_t>(row.ids.size()));
  return stats;
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  return text;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// The numbers of `train --log-json`'s last line.
struct Summary {
  double tokens_per_s = 0, step_ms_median = 0, train_loss = 0, train_seconds = 0;
};

Summary summarize(const std::vector<train::StepMetrics>& session_steps, const std::vector<train::StepMetrics>& all) {
  Summary summary;
  double tokens = 0, ms = 0;
  std::vector<double> times;
  for (size_t i = session_steps.size() > 1 ? 1 : 0; i < session_steps.size(); ++i) {  // step 1 warms up
    tokens += static_cast<double>(session_steps[i].tokens);
    ms += session_steps[i].step_ms;
    times.push_back(session_steps[i].step_ms);
  }
  if (ms > 0) summary.tokens_per_s = tokens / ms * 1000.0;
  summary.step_ms_median = median(times);
  double weighted = 0, targets = 0;
  for (size_t i = all.size() - std::min(all.size(), kLossesAveraged); i < all.size(); ++i) {
    weighted += all[i].loss * static_cast<double>(all[i].target_tokens);
    targets += static_cast<double>(all[i].target_tokens);
  }
  if (targets > 0) summary.train_loss = weighted / targets;
  for (const train::StepMetrics& step : session_steps) summary.train_seconds += step.step_ms / 1000.0;
  return summary;
}

OrderedJson json_of(const train::StepMetrics& m) {
  return {{"type", "train"},
          {"step", m.step},
          {"loss", m.loss},
          {"lr", m.lr},
          {"grad_norm", m.grad_norm},
          {"tokens", m.tokens},
          {"target_tokens", m.target_tokens},
          {"step_ms", m.step_ms},
          {"tokens_per_s", m.tokens_per_s}};
}

OrderedJson json_of(const train::EvalMetrics& m) {
  return {{"type", "valid"},
          {"step", m.step},
          {"loss", m.loss},
          {"perplexity", m.perplexity},
          {"target_tokens", m.target_tokens}};
}

int dry_run(const TrainOptions& options, const LoadedModel& loaded, const LoraAdapter& adapter, const Data& data) {
  const MemoryEstimate memory = estimate_memory(loaded.model.language_model(), adapter, data.train, options.train);
  const int64_t steps = train::total_steps(options.train, data.train);
  if (options.log_json) {
    print_json_line({{"trainable_parameters", adapter.parameter_count()},
                     {"adapted_layers", adapter.slots().size()},
                     {"rank", adapter.config().rank},
                     {"steps", steps},
                     {"largest_batch_tokens", memory.largest_batch_tokens},
                     {"memory_bytes", static_cast<int64_t>(memory.total())}});
    return 0;
  }
  fmt::print("adapter: {} parameters on {} layers of rank {}\n", train::count_text(adapter.parameter_count()),
             adapter.slots().size(), adapter.config().rank);
  fmt::print("steps: {} of {} batch{} each; about {} tokens a batch, {} in the largest\n", steps,
             options.train.grad_accum, options.train.grad_accum == 1 ? "" : "es",
             train::count_text(memory.mean_batch_tokens), train::count_text(memory.largest_batch_tokens));
  fmt::print("memory: about {}: weights {}, activations {}, adapter and optimizer {}, working space {}\n",
             train::bytes_text(memory.total()), train::bytes_text(memory.weights),
             train::bytes_text(memory.activations), train::bytes_text(memory.optimizer),
             train::bytes_text(memory.workspace()));
  return 0;
}

train::ReportData report_data(const Session& session, const TrainOptions& options, const LoadedModel& loaded,
                              const LoraAdapter& adapter, const Data& data) {
  const LanguageModel& model = loaded.model.language_model();
  const train::TrainConfig& t = options.train;
  train::ReportData report;
  report.title = fmt::format("LoRA on {}", model_name(options.model));
  report.model = options.model;
  report.adapter_path = options.out;
  report.command_line = session.command_line;
  report.dtype = std::string(name_of(model.compute_dtype()));
  report.machine = loaded.runtime.backend->description();
  report.created = local_time();
  report.hyper_parameters = {
      {"rank", std::to_string(adapter.config().rank)},
      {"alpha", train::number_text(adapter.config().alpha)},
      {"dropout", train::number_text(adapter.config().dropout)},
      {"rsLoRA", adapter.config().rslora ? "yes" : "no"},
      {"targets", options.targets},
      {"adapted layers", std::to_string(adapter.slots().size())},
      {"learning rate", train::number_text(t.lr)},
      {"schedule", fmt::format("{}, {} warm-up steps", train::name_of(t.schedule), t.warmup)},
      {"batch", t.batches.batch_tokens > 0 ? fmt::format("up to {} tokens", t.batches.batch_tokens)
                                           : fmt::format("{} rows", t.batches.batch_size)},
      {"gradient accumulation", std::to_string(t.grad_accum)},
      {"longest row", fmt::format("{} tokens", options.seq_len)},
      {"prompt mask", options.mask},
      {"weight decay", train::number_text(t.weight_decay)},
      {"gradient clipping", t.max_grad_norm > 0 ? train::number_text(t.max_grad_norm) : "none"},
      {"label smoothing", train::number_text(double{t.label_smoothing})},
      {"seed", std::to_string(t.seed)}};
  report.splits.push_back(split_stats("train", data.train));
  if (data.valid) report.splits.push_back(split_stats("valid", *data.valid));
  report.trainable_parameters = adapter.parameter_count();
  report.total_parameters = model.parameter_count() + adapter.parameter_count();
  return report;
}

int train_command(const Session& session, TrainOptions options) {
  const auto program_start = std::chrono::steady_clock::now();
  finish_options(options);
  if (!options.dry_run) check_out(options);
  LoadedModel loaded(session, options.model, "");
  const LanguageModel& model = loaded.model.language_model();
  const Data data = load_data(loaded.model, options);
  options.lora.base_model = options.model;
  LoraAdapter adapter = initial_adapter(loaded.ctx(), model, options);
  if (options.dry_run) return dry_run(options, loaded, adapter, data);
  const FolderLock lock = prepare_out(options);
  catch_interrupts();

  const fs::path out = options.out;
  const train::CheckpointStore store(out, run_identity(options, adapter, data, model));
  train::Trainer trainer(loaded.ctx(), model, adapter, data.train, data.valid ? &*data.valid : nullptr, options.train);
  store.remove_unfinished();
  if (options.resume) {
    if (const auto checkpoint = store.latest()) {
      trainer.resume(store, *checkpoint);
      log::info("resuming after step {} from {}", trainer.state().step, checkpoint->string());
    } else {
      log::info("{}: no checkpoint yet, starting from the beginning", out.string());
    }
  }
  const int64_t first_step = trainer.state().step;
  const int64_t total = train::total_steps(options.train, data.train);
  std::set<int64_t> evaluated;  // a finished run that is resumed is evaluated again, but not recorded twice
  if (first_step > 0 && fs::exists(out / "metrics.jsonl"))
    for (const train::EvalMetrics& m : train::read_metrics(out / "metrics.jsonl").evals) evaluated.insert(m.step);
  train::MetricsWriter metrics(out / "metrics.jsonl", first_step > 0 ? first_step : -1);
  train::TensorBoardWriter tensorboard(out / "tensorboard", first_step > 0 ? first_step : -1);
  log::info("{} trainable parameters on {} layers, {} steps{}", train::count_text(adapter.parameter_count()),
            adapter.slots().size(), total, first_step > 0 ? fmt::format(", {} of them done", first_step) : "");

  const std::vector<TrainSample> samples =
      choose_samples(loaded.model, data.valid ? *data.valid : data.train, options.samples, kSampleTokens);
  std::vector<std::string> before;
  if (!samples.empty()) before = answer(loaded, samples, nullptr);

  std::vector<train::StepMetrics> session_steps;
  train::TrainResult result;
  {
    train::Progress progress(train::stderr_progress_output(), total, first_step);
    const bool show = !session.quiet;
    train::TrainObserver observer;
    observer.on_step = [&](const train::StepMetrics& m) {
      session_steps.push_back(m);
      metrics.write(m);
      tensorboard.write(m);
      if (options.log_json) print_json_line(json_of(m));
      if (show) progress.step(m);
    };
    observer.on_eval = [&](const train::EvalMetrics& m) {
      if (!evaluated.contains(m.step)) {
        metrics.write(m);
        tensorboard.write(m);
      }
      if (options.log_json) print_json_line(json_of(m));
      if (show) progress.eval(m);
    };
    observer.on_activity = [&](std::string_view text) {
      if (show) progress.activity(text);
    };
    observer.before_checkpoint = [&] { metrics.sync(); };
    result = trainer.run(&store, observer, &interrupted());
    if (show) progress.finish();
  }
  adapter.save_peft(loaded.ctx(), out);

  const train::MetricsHistory history = train::read_metrics(out / "metrics.jsonl");
  const Summary summary = summarize(session_steps, history.steps);
  train::ReportData report = report_data(session, options, loaded, adapter, data);
  report.steps = history.steps;
  report.evals = history.evals;
  report.train_seconds = summary.train_seconds;
  report.tokens_per_s = summary.tokens_per_s;
  report.peak_rss_bytes = train::peak_rss_bytes();
  if (!samples.empty() && !interrupted()) {
    const BoundAdapter bound = adapter.bind();
    const std::vector<std::string> after = answer(loaded, samples, &bound);
    for (size_t i = 0; i < samples.size(); ++i)
      report.samples.push_back(
          {.prompt = samples[i].prompt, .before = before[i], .after = after[i], .expected = samples[i].expected});
  }
  report.total_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - program_start).count();
  if (result.interrupted) report.notes.push_back(fmt::format("Interrupted after step {} of {}.", result.steps, total));
  train::write_report(out / "report.html", report);

  OrderedJson valid_loss;  // the newest one, null when nothing was evaluated
  if (!history.evals.empty()) valid_loss = history.evals.back().loss;
  if (options.log_json)
    print_json_line({{"tokens_per_s", summary.tokens_per_s},
                     {"step_ms_median", summary.step_ms_median},
                     {"peak_rss_bytes", static_cast<int64_t>(train::peak_rss_bytes())},
                     {"train_loss", summary.train_loss},
                     {"valid_loss", valid_loss}});
  loaded.runtime.report(session.device);
  if (result.interrupted)
    fail(ErrorCode::interrupted, "train: interrupted after step {} of {}; a checkpoint is saved, --resume goes on",
         result.steps, total);
  if (interrupted()) fail(ErrorCode::interrupted, "train: interrupted after the last step; the adapter is complete");
  log::info("{} steps in {}, {:.0f} tokens/s, peak memory {}", session_steps.size(),
            train::duration_text(summary.train_seconds), summary.tokens_per_s,
            train::bytes_text(train::peak_rss_bytes()));
  log::info("adapter: {}", out.string());
  log::info("report:  {}", (out / "report.html").string());
  return 0;
}

}  // namespace

void add_train(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("train", "fine-tune a model with LoRA on a JSONL data set");
  auto options = std::make_shared<TrainOptions>();
  add_train_options(*command, *options);
  add_device_options(*command, session);
  command->callback([&session, options, command] {
    session.action = [&session, options, command] {
      if (!options->config_file.empty()) apply_yaml(options->config_file, *command, *options);
      for (const CLI::Option* option : command->get_options())
        if (option->count() > 0) options->given.insert(option->get_name());
      return train_command(session, *options);
    };
  });
}

}  // namespace temper::cli
