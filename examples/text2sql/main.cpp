// text2sql: generates a text-to-SQL data set and scores predictions by executing them.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/fail.h"
#include "base/file.h"
#include "baseline.h"
#include "dataset.h"
#include "report.h"
#include "train/report/html_report.h"
#include "train/report/units.h"

namespace {

using namespace temper;
using namespace temper::text2sql;

void write_lines(const std::filesystem::path& path, const std::vector<Example>& examples,
                 std::string (*line)(const Example&)) {
  std::string text;
  for (const Example& example : examples) text += line(example) + "\n";
  write_file_atomic(path, text);
  fmt::print("{}: {} rows\n", path.string(), examples.size());
}

struct GenerateOptions {
  std::filesystem::path out;
  uint64_t seed = 7;
  size_t train = 660, valid = 60, test = 240;
};

void run_generate(const GenerateOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) fail(ErrorCode::io, "{}: can't create the folder: {}", options.out.string(), error.message());
  const std::pair<Split, size_t> sizes[] = {
      {Split::train, options.train}, {Split::valid, options.valid}, {Split::test, options.test}};
  for (const auto& [split, size] : sizes) {
    write_lines(options.out / fmt::format("{}.jsonl", name_of(split)), generate_examples(split, size, options.seed),
                to_jsonl_line);
  }
}

Report print_report(const std::vector<Example>& examples, const std::vector<std::string>& replies, bool json,
                    size_t show) {
  Report report = score(examples, replies);
  fmt::print("{}", json ? to_json_line(report) + "\n" : to_text(report, examples, replies, show));
  return report;
}

struct ScoreOptions {
  std::filesystem::path data, predictions, before, html_report;
  bool json = false;
  size_t show = 0;
};

/// A number at the head of temper train's report: "94.6 %", "227 of 240 test questions; 0.0 % before".
void add_to_html_report(const ScoreOptions& options, const std::vector<Example>& examples, const Tally& after) {
  std::string note = fmt::format("{} of {} test questions", after.correct, after.total);
  if (!options.before.empty()) {
    const Tally before = score(examples, read_predictions(options.before)).all;
    note += fmt::format("; {} before", train::percent_text(before.accuracy()));
  }
  train::add_headline(options.html_report, {"Execution accuracy", train::percent_text(after.accuracy()), note});
}

void run_score(const ScoreOptions& options) {
  const std::vector<Example> examples = read_examples(options.data);
  const Report report = print_report(examples, read_predictions(options.predictions), options.json, options.show);
  if (!options.html_report.empty()) add_to_html_report(options, examples, report.all);
}

void run_baseline(const std::filesystem::path& data, bool json, size_t show) {
  const std::vector<Example> train = read_examples(data / "train.jsonl");
  const Baseline baseline(train);
  const std::vector<Example> test = read_examples(data / "test.jsonl");
  if (!json) {
    fmt::print("most frequent training template, {} of {} rows: {}\n", baseline.frequency(), train.size(),
               baseline.majority_template());
  }
  std::vector<std::string> replies;
  for (const Example& example : test) replies.push_back(baseline.predict(example.prompt));
  print_report(test, replies, json, show);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Generate a text-to-SQL data set; score predictions by executing them"};
  app.require_subcommand(1);

  GenerateOptions generate_options;
  CLI::App* generate = app.add_subcommand("generate", "write train.jsonl, valid.jsonl and test.jsonl");
  generate->add_option("--out", generate_options.out, "folder to write to")->required();
  generate->add_option("--seed", generate_options.seed, "the same seed gives the same bytes")->capture_default_str();
  generate->add_option("--train", generate_options.train, "training rows")->capture_default_str();
  generate->add_option("--valid", generate_options.valid, "validation rows")->capture_default_str();
  generate->add_option("--test", generate_options.test, "test rows")->capture_default_str();
  generate->callback([&] { run_generate(generate_options); });

  std::filesystem::path data, out;
  bool json = false;
  size_t show = 0;
  CLI::App* prompts = app.add_subcommand("prompts", "write the prompts of a data file, for temper generate --batch");
  prompts->add_option("--data", data, "a data file, e.g. DIR/test.jsonl")->required();
  prompts->add_option("--out", out, "file to write")->required();
  prompts->callback([&] { write_lines(out, read_examples(data), to_prompt_line); });

  CLI::App* scoring = app.add_subcommand("score", "execute predictions and compare the results with the gold ones");
  ScoreOptions score_options;
  scoring->add_option("--data", score_options.data, "a data file, e.g. DIR/test.jsonl")->required();
  scoring->add_option("--predictions", score_options.predictions, "an object with \"text\" a line, in row order")
      ->required();
  scoring->add_option("--html-report", score_options.html_report, "temper train's report: show the accuracy there too");
  scoring->add_option("--before", score_options.before, "predictions before training, for --html-report");
  scoring->callback([&] {
    score_options.json = json;
    score_options.show = show;
    run_score(score_options);
  });

  CLI::App* baseline = app.add_subcommand("baseline", "score the most frequent training template on the test set");
  baseline->add_option("--data", data, "the folder that generate wrote")->required();
  baseline->callback([&] { run_baseline(data, json, show); });

  for (CLI::App* command : {scoring, baseline}) {
    command->add_flag("--json", json, "one line of JSON");
    command->add_option("--show", show, "print this many wrong answers");
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
