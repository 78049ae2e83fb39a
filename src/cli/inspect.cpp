// `temper inspect`: which tokens of a data set are trained, row by row. Needs no weights.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/fail.h"
#include "cli/checks.h"
#include "cli/prompt_mask.h"
#include "cli/session.h"
#include "cli/terminal_text.h"
#include "models/text_processor.h"

namespace temper::cli {
namespace {

struct InspectArguments {
  std::string model, data, mask = "none";
  int64_t max_tokens = 256, rows = 3;
  bool all = false, json = false;
};

/// Nothing predicts a row's first token, so it is never trained, whatever the mask says.
bool is_trained(const train::Row& row, size_t index) {
  return index > 0 && row.trained[index] != 0;
}

/// The row's text in runs of trained and untrained tokens: bright green on a terminal, in brackets elsewhere.
std::string marked_text(const text::Tokenizer& tokenizer, const train::Row& row, bool coloured) {
  std::string result;
  for (size_t begin = 0; begin < row.ids.size();) {
    const bool trained = is_trained(row, begin);
    std::string bytes;
    size_t end = begin;
    for (; end < row.ids.size() && is_trained(row, end) == trained; ++end) bytes += tokenizer.bytes_of(row.ids[end]);
    const std::string text = printable_text(bytes);
    if (coloured)
      result += (trained ? "\x1b[1;32m" : "\x1b[2m") + text + "\x1b[0m";
    else
      result += trained ? "⟦" + text + "⟧" : text;
    begin = end;
  }
  return result;
}

void print_row(const text::Tokenizer& tokenizer, const train::Row& row, bool coloured) {
  const std::string text = marked_text(tokenizer, row, coloured);
  fmt::print("line {}: {} tokens, {} trained{}\n{}{}\n", row.line, row.ids.size(), row.targets(),
             row.cut ? ", cut" : "", text, text.ends_with('\n') ? "" : "\n");
}

OrderedJson row_json(const text::Tokenizer& tokenizer, const train::Row& row) {
  std::vector<int> trained;
  for (size_t i = 0; i < row.ids.size(); ++i) trained.push_back(is_trained(row, i));
  return {{"line", row.line},
          {"ids", row.ids},
          {"trained", trained},
          {"tokens", row.ids.size()},
          {"trained_tokens", row.targets()},
          {"cut", row.cut},
          {"text", tokenizer.decode(row.ids)}};
}

std::string percent(double part, double whole) {
  return fmt::format("{:.1f} %", whole > 0 ? 100.0 * part / whole : 0.0);
}

/// What a person should look at before training.
std::vector<std::string> warnings_of(const train::Dataset& dataset, const InspectArguments& args) {
  std::vector<std::string> warnings;
  const auto rows = static_cast<int64_t>(dataset.rows.size());
  if (dataset.rows_without_stop > 0)
    warnings.push_back(fmt::format(
        "{} of {} rows don't end with a stop token{}: a model trained on them may not learn to stop",
        dataset.rows_without_stop, rows, dataset.rows_cut > 0 ? " (cut rows lose theirs; raise --seq-len)" : ""));
  if (dataset.rows_cut > 0)
    warnings.push_back(fmt::format("{} of {} rows are longer than {} tokens and lose their end; raise --seq-len",
                                   dataset.rows_cut, rows, args.max_tokens));
  const bool masks_nothing = args.mask != "none" && std::ranges::all_of(dataset.rows, [](const train::Row& row) {
                               return row.targets() == row.inputs();
                             });
  if (masks_nothing)
    warnings.push_back(fmt::format("--mask-prompt {} changes nothing here: every token is trained", args.mask));
  return warnings;
}

void print_summary(std::FILE* out, const train::Dataset& dataset, const InspectArguments& args) {
  std::vector<size_t> lengths;
  for (const train::Row& row : dataset.rows) lengths.push_back(row.ids.size());
  std::ranges::sort(lengths);
  const auto at = [&](double part) {
    return lengths[static_cast<size_t>(part * static_cast<double>(lengths.size() - 1))];
  };
  size_t tokens = 0;
  for (const size_t length : lengths) tokens += length;
  const auto rows = static_cast<double>(lengths.size());
  fmt::print(out, "{}: {} rows, {} tokens, {} trained ({})\n", args.data, lengths.size(), tokens, dataset.targets(),
             percent(static_cast<double>(dataset.targets()), static_cast<double>(tokens)));
  fmt::print(out, "tokens a row: min {}, median {}, p95 {}, max {}\n", lengths.front(), at(0.5), at(0.95),
             lengths.back());
  fmt::print(out, "rows cut: {} ({}); rows without a stop token: {} ({})\n", dataset.rows_cut,
             percent(static_cast<double>(dataset.rows_cut), rows), dataset.rows_without_stop,
             percent(static_cast<double>(dataset.rows_without_stop), rows));
  for (const std::string& warning : warnings_of(dataset, args)) fmt::print(out, "warning: {}\n", warning);
}

int inspect(const Session& session, const InspectArguments& args) {
  const TextProcessor processor = TextProcessor::open(args.model);
  const train::Dataset dataset =
      train::load_dataset(processor, args.data, {.mask = parse_mask(args.mask), .max_tokens = args.max_tokens});
  const bool coloured = isatty(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
  const size_t shown = args.all ? dataset.rows.size() : std::min(dataset.rows.size(), static_cast<size_t>(args.rows));
  for (size_t i = 0; i < shown; ++i)
    if (args.json)
      print_json_line(row_json(processor.tokenizer(), dataset.rows[i]));
    else
      print_row(processor.tokenizer(), dataset.rows[i], coloured);
  if (!args.json || !session.quiet) print_summary(args.json ? stderr : stdout, dataset, args);
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("inspect", "which tokens of a data file are trained, row by row");
  auto args = std::make_shared<InspectArguments>();
  command->add_option("--model", args->model, "Hugging Face folder or .gguf file")->required();
  command->add_option("--data", args->data, "JSON lines, as for training")->required();
  command->add_option("--mask-prompt", args->mask, "train: none = every token, last = final reply, all = every reply")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "last", "all"}));
  command->add_option("--seq-len", args->max_tokens, "longer rows are cut")
      ->capture_default_str()
      ->check(whole_number(2));
  CLI::Option* rows =
      command->add_option("--rows", args->rows, "rows to show")->capture_default_str()->check(whole_number(0));
  command->add_flag("--all", args->all, "show every row")->excludes(rows);
  command->add_flag("--json", args->json,
                    "one JSON line a row: line, ids, trained, text; the summary on standard error");
  command->footer("Trained tokens are green on a terminal and stand between ⟦ and ⟧ elsewhere.");
  add_unused_device_options(*command, session);
  command->callback([&session, args] { session.action = [&session, args] { return inspect(session, *args); }; });
}

}  // namespace temper::cli
