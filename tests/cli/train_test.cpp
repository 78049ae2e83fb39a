// temper train: what it writes and says, and its options.
#include "cli/train_run.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

const Words kSummaryKeys = {"tokens_per_s", "step_ms_median", "peak_rss_bytes", "train_loss", "valid_loss"};

TEST(Train, WritesAdapterCheckpointMetricsAndReport) {
  const TestFolder folder;
  const TrainRun run(folder);
  const Outcome outcome = run.run({"--steps", "4", "--log-json"});
  expect_success(outcome);
  EXPECT_TRUE(outcome.err.empty()) << outcome.err;
  for (const char* name : {"adapter_config.json", "adapter_model.safetensors", "metrics.jsonl", "report.html"})
    EXPECT_TRUE(fs::is_regular_file(fs::path(run.out) / name)) << name;
  EXPECT_FALSE(fs::is_empty(fs::path(run.out) / "tensorboard"));
  EXPECT_EQ(run.checkpoints(), (Words{"latest", "step-000004"}));
  EXPECT_EQ(run.metric_steps(), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(run.adapter_config()["peft_type"], "LORA");
  EXPECT_EQ(run.adapter_config()["r"], 8);
  EXPECT_EQ(run.adapter_config()["lora_alpha"], 16);
  EXPECT_EQ(run.adapter_config()["target_modules"], "all-linear");
}

TEST(Train, LogJsonEndsWithTheDocumentedNumbers) {
  const TestFolder folder;
  const TrainRun run(folder);
  const Outcome outcome = run.run({"--steps", "4", "--log-json"});
  expect_success(outcome);
  const std::vector<OrderedJson> lines = outcome.json_lines();
  const OrderedJson& last = lines.back();
  EXPECT_EQ(keys_of(last), kSummaryKeys);
  EXPECT_GT(last["tokens_per_s"].get<double>(), 0.0);
  EXPECT_GT(last["step_ms_median"].get<double>(), 0.0);
  EXPECT_TRUE(last["peak_rss_bytes"].is_number_integer());
  EXPECT_GT(last["peak_rss_bytes"].get<int64_t>(), 1'000'000);
  // Target-weighted over the last ten steps; here all four.
  double weighted = 0, targets = 0, tokens = 0, ms = 0, valid = 0;
  int steps = 0;
  for (const OrderedJson& line : lines) {
    if (line.value("type", "") == "valid") valid = line["loss"];
    if (line.value("type", "") != "train") continue;
    weighted += line["loss"].get<double>() * line["target_tokens"].get<double>();
    targets += line["target_tokens"].get<double>();
    if (++steps == 1) continue;  // left out of tokens_per_s
    tokens += line["tokens"].get<double>();
    ms += line["step_ms"].get<double>();
  }
  EXPECT_EQ(steps, 4);
  EXPECT_NEAR(last["train_loss"].get<double>(), weighted / targets, 1e-9);
  EXPECT_NEAR(last["tokens_per_s"].get<double>(), 1000.0 * tokens / ms, 1e-6 * tokens / ms * 1000.0);
  EXPECT_EQ(last["valid_loss"].get<double>(), valid);
}

TEST(Train, WithoutValidationDataThatLossIsNull) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 8, 0);
  const Outcome outcome = run.run({"--steps", "2", "--log-json"});
  expect_success(outcome);
  EXPECT_TRUE(outcome.last_json()["valid_loss"].is_null());
}

TEST(Train, ProgressIsPlainLinesWhereThereIsNoTerminal) {
  const TestFolder folder;
  const TrainRun run(folder);
  Words words = run.words({"--steps", "3"});
  std::erase(words, "--quiet");
  const Outcome outcome = run_program(words);
  expect_success(outcome);
  EXPECT_TRUE(contains(outcome.err, "step 1/3") && contains(outcome.err, "step 3/3")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "tokens/s"));
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
  EXPECT_TRUE(outcome.out.empty()) << outcome.out;
}

TEST(Train, LossFallsAndTheAdapterServesGeneration) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 8);
  const Outcome outcome = run.run({"--steps", "30", "--lr", "2e-2", "--warmup", "0", "--log-json"});
  expect_success(outcome);
  const std::vector<OrderedJson> lines = outcome.json_lines();
  EXPECT_LT(outcome.last_json()["train_loss"].get<double>(), lines[1]["loss"].get<double>() - 1.0);
  const Outcome eval = run_program({"eval", "--model", tiny_model(), "--adapter", run.out, "--data",
                                    run.data + "/valid.jsonl", "--json", "--quiet"});
  expect_success(eval);
  EXPECT_NEAR(eval.last_json()["loss"].get<double>(), outcome.last_json()["valid_loss"].get<double>(), 1e-4);
}

TEST(Train, AnExistingFolderIsRefusedAndUntouched) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_success(run.run({"--steps", "2"}));
  const std::string before = run.adapter_bytes();
  expect_error(run.run({"--steps", "3"}), kFailed, {run.out, "--resume", "--overwrite"});
  EXPECT_EQ(run.adapter_bytes(), before);
  EXPECT_EQ(run.checkpoints(), (Words{"latest", "step-000002"}));
  expect_error(run.run({"--resume", "--overwrite"}), kUsage, {"--resume", "--overwrite"});
}

TEST(Train, OverwriteReplacesARunAndLeavesOtherFiles) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_success(run.run({"--steps", "3"}));
  write_text(fs::path(run.out) / "notes.txt", "mine");
  expect_success(run.run({"--steps", "2", "--overwrite"}));
  EXPECT_EQ(run.checkpoints(), (Words{"latest", "step-000002"}));
  EXPECT_EQ(run.metric_steps(), (std::vector<int>{1, 2}));
  EXPECT_EQ(contents(fs::path(run.out) / "notes.txt"), "mine");
}

TEST(Train, OverwriteDeletesNothingBeforeModelDataAndOptionsAreKnownToBeGood) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_success(run.run({"--steps", "2"}));
  const std::string before = run.adapter_bytes();
  const std::vector<Words> broken = {{"--targets", "q_prj"},
                                     {"--init-adapter", "/nonexistent"},
                                     {"--device", "abacus"},
                                     {"--seq-len", "3", "--mask-prompt", "last"}};
  for (const Words& option : broken) {
    EXPECT_NE(run.run(option + Words{"--overwrite"}).code, 0);
    EXPECT_EQ(run.adapter_bytes(), before);
    EXPECT_EQ(run.checkpoints(), (Words{"latest", "step-000002"}));
  }
  Words words = run.words({"--overwrite"});
  words[2] = "/nonexistent/model";
  expect_error(run_program(words), kFailed, {"/nonexistent/model"});
  EXPECT_EQ(run.adapter_bytes(), before);
}

TEST(Train, AnAdapterCanBeTrainedFurtherInPlace) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_success(run.run({"--steps", "2", "--warmup", "0", "--lr", "1e-2"}));
  const std::string before = run.adapter_bytes();
  expect_success(run.run({"--steps", "1", "--lr", "0", "--warmup", "0", "--overwrite", "--init-adapter", run.out}));
  EXPECT_EQ(run.adapter_bytes(), before);
}

TEST(Train, InitAdapterBringsItsOwnShape) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_success(run.run({"--steps", "1", "--lr", "0", "--init-adapter", tiny_adapter()}));
  EXPECT_EQ(run.adapter_config()["r"], 4);
  const auto score = [&](const std::string& adapter) {
    return run_program({"score", "--model", tiny_model(), "--adapter", adapter, "--ids", "5,6,7", "--json"})
        .last_json();
  };
  EXPECT_EQ(score(run.out), score(tiny_adapter()));
  const TrainRun other(folder, "other");
  expect_success(other.run({"--steps", "1", "--init-adapter", tiny_adapter(), "--rank", "4", "--dropout", "0.25"}));
  EXPECT_EQ(other.adapter_config()["lora_dropout"], 0.25);
}

TEST(Train, OptionsThatContradictTheInitialAdapterAreRefused) {
  const TestFolder folder;
  const TrainRun run(folder);
  for (const Words& option : {Words{"--rank", "2"}, Words{"--alpha", "3"}, Words{"--targets", "q_proj"},
                              Words{"--rslora"}, Words{"--num-layers", "1"}})
    expect_error(run.run(option + Words{"--init-adapter", tiny_adapter()}), kUsage, {option[0], "--init-adapter"});
  expect_error(run.run({"--init-adapter", foreign_adapter()}), kFailed, {"matched 0 of 42"});
}

TEST(Train, DryRunSaysWhatItWouldDoAndWritesNothing) {
  const TestFolder folder;
  const TrainRun run(folder);
  const Outcome text = run.run({"--steps", "7", "--dry-run"});
  expect_success(text);
  EXPECT_TRUE(contains(text.out, "22,272 parameters") && contains(text.out, "memory")) << text.out;
  EXPECT_TRUE(contains(run.run({"--dry-run", "--init-adapter", tiny_adapter()}).out, "of rank 4"));
  const Outcome json = run.run({"--steps", "7", "--dry-run", "--log-json"});
  expect_success(json);
  EXPECT_EQ(json.json_lines().size(), 1u);
  EXPECT_EQ(json.last_json()["steps"], 7);
  EXPECT_EQ(json.last_json()["trainable_parameters"], 22272);
  EXPECT_GT(json.last_json()["memory_bytes"].get<int64_t>(), 0);
  EXPECT_FALSE(fs::exists(run.out));
  Words without_out = run.words({"--dry-run"});
  without_out.erase(without_out.begin() + 5, without_out.begin() + 7);
  expect_success(run_program(without_out));
}

TEST(Train, EachOptionOfTheSurfaceTrains) {
  const TestFolder folder;
  const std::vector<Words> variants = {
      {"--rank", "2", "--alpha", "4", "--dropout", "0.1", "--targets", "q_proj,v_proj", "--rslora"},
      {"--targets", ".*\\.mlp\\.(up|down)_proj", "--num-layers", "1"},
      {"--batch-size", "2", "--seq-len", "32", "--no-shuffle"},
      {"--batch-tokens", "100"},
      {"--pack", "--seq-len", "64", "--batch-size", "2"},
      {"--mask-prompt", "last", "--grad-accum", "2"},
      {"--mask-prompt", "all", "--label-smoothing", "0.1"},
      {"--schedule", "linear", "--warmup", "1", "--weight-decay", "0", "--max-grad-norm", "0"},
      {"--schedule", "constant", "--grad-checkpoint", "--eval-every", "1", "--save-every", "1"},
      {"--dtype", "f32", "--seed", "7", "--threads", "1", "--device", "cpu"},
      {"--dtype", "bf16"},
      {"--dtype", "f16"}};
  for (size_t i = 0; i < variants.size(); ++i) {
    const TrainRun run(folder, "out" + std::to_string(i), 8, 2);
    const Outcome outcome = run.run(variants[i] + Words{"--steps", "2", "--log-json"});
    expect_success(outcome);
    EXPECT_EQ(keys_of(outcome.last_json()), kSummaryKeys);
    EXPECT_GT(outcome.last_json()["train_loss"].get<double>(), 0.0) << variants[i][0];
  }
}

TEST(Train, EpochsCountRows) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 10, 0);
  expect_success(run.run({"--epochs", "2", "--batch-size", "4"}));
  EXPECT_EQ(run.metric_steps().size(), 6u);  // 3 batches an epoch
}

TEST(Train, ThreeCheckpointsAreKept) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 8, 0);
  expect_success(run.run({"--steps", "6", "--save-every", "1"}));
  EXPECT_EQ(run.checkpoints(), (Words{"latest", "step-000004", "step-000005", "step-000006"}));
  EXPECT_EQ(contents(fs::path(run.out) / "checkpoints" / "latest"), "step-000006\n");
}

TEST(Train, GgufModelsTrainToo) {
  const TestFolder folder;
  for (const char* weights : {"dense", "quantized"}) {
    const TrainRun run(folder, weights, 8, 2);
    Words words = run.words({"--steps", "2", "--weights", weights});
    words[2] = tiny_gguf();
    expect_success(run_program(words));
    EXPECT_EQ(run.metric_steps().size(), 2u);
  }
}

TEST(Train, TheSeedDecidesTheResult) {
  const TestFolder folder;
  const TrainRun a(folder, "a", 8, 0), b(folder, "b", 8, 0), c(folder, "c", 8, 0);
  expect_success(a.run({"--steps", "2", "--dropout", "0.2", "--threads", "1"}));
  expect_success(b.run({"--steps", "2", "--dropout", "0.2", "--threads", "3"}));
  expect_success(c.run({"--steps", "2", "--dropout", "0.2", "--seed", "1"}));
  EXPECT_EQ(a.adapter_bytes(), b.adapter_bytes());
  EXPECT_NE(a.adapter_bytes(), c.adapter_bytes());
}

TEST(Train, SamplesBeforeAndAfterAreInTheReport) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 8, 4);
  Words words = run.words({"--steps", "1"});
  words.erase(words.begin() + 7, words.begin() + 9);  // --samples 0
  expect_success(run_program(words));
  EXPECT_TRUE(contains(contents(fs::path(run.out) / "report.html"), "assistant") ||
              contains(contents(fs::path(run.out) / "report.html"), "after"));
}

}  // namespace
}  // namespace temper::testing
