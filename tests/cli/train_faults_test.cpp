// temper train: bad input gets a clear error and loses nothing.
#include "cli/train_run.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

TEST(TrainFaults, WrongValuesAreUsageErrors) {
  const TestFolder folder;
  const TrainRun run(folder);
  const std::vector<Words> wrong = {
      {"--rank", "0"},          {"--rank", "-3"},          {"--alpha", "0"},           {"--dropout", "1"},
      {"--dropout", "-0.1"},    {"--batch-size", "0"},     {"--batch-tokens", "-5"},   {"--seq-len", "1"},
      {"--steps", "-1"},        {"--epochs", "0"},         {"--grad-accum", "0"},      {"--lr", "nan"},
      {"--lr", "-1"},           {"--lr", "fast"},          {"--schedule", "cosin"},    {"--warmup", "-1"},
      {"--weight-decay", "-1"}, {"--max-grad-norm", "-1"}, {"--label-smoothing", "1"}, {"--eval-every", "-1"},
      {"--save-every", "-1"},   {"--seed", "-1"},          {"--mask-prompt", "some"},  {"--num-layers", "0"},
      {"--dtype", "f8"},        {"--targets", ""}};
  for (const Words& option : wrong) {
    Words words = run.words(option);
    words[2] = "/nonexistent/model";  // refused before anything is loaded
    expect_error(run_program(words), kUsage, {option[0]});
  }
  EXPECT_FALSE(fs::exists(run.out));
}

TEST(TrainFaults, TheThreePathsAreRequired) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_error(run_program({"train", "--data", run.data, "--out", run.out}), kUsage, {"--model"});
  expect_error(run_program({"train", "--model", tiny_model(), "--out", run.out}), kUsage, {"--data"});
  expect_error(run_program({"train", "--model", tiny_model(), "--data", run.data}), kUsage, {"--out"});
}

TEST(TrainFaults, AnUnknownTargetNamesNearMatches) {
  const TestFolder folder;
  const TrainRun run(folder);
  expect_error(run.run({"--targets", "q_prj"}), kFailed, {"'q_prj'", "q_proj"});
  expect_error(run.run({"--targets", "q_proj,qkv"}), kFailed, {"'qkv'"});
  expect_error(run.run({"--targets", ".*gate$x"}), kFailed, {"gate$x"});
  expect_error(run.run({"--targets", "(q_proj"}), kFailed, {"(q_proj", "parenthesis"});
}

TEST(TrainFaults, ANonFiniteLossNamesStepRowAndLayerAndKeepsTheLastCheckpoint) {
  const TestFolder folder;
  const TrainRun run(folder);
  const Words exploding = {"--steps",         "20",       "--lr",      "1e30",         "--schedule",
                           "constant",        "--warmup", "0",         "--save-every", "1",
                           "--max-grad-norm", "0",        "--log-json"};
  const Outcome outcome = run.run(exploding);
  expect_error(outcome, kFailed, {"step 2", "loss nan", "train.jsonl:", "layer 0", "checkpoint", "--lr"});
  EXPECT_EQ(run.checkpoints(), (Words{"latest", "step-000001"}));
  for (const OrderedJson& line : outcome.json_lines()) EXPECT_TRUE(line.is_object());
}

TEST(TrainFaults, AFullDiskIsAnErrorAndLeavesNoHalfFile) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 8, 0);
  // The adapter is 90 kB, the optimizer's state 180 kB: each limit stops another write.
  for (const size_t limit : {100u, 50'000u, 120'000u}) {
    const Outcome outcome = run.run({"--steps", "2", "--save-every", "1", "--overwrite"}, {.max_file_bytes = limit});
    expect_error(outcome, kFailed, {"cannot write"});
    EXPECT_TRUE(run.checkpoints().empty());
    for (const auto& entry : fs::recursive_directory_iterator(run.out))
      EXPECT_FALSE(contains(entry.path().filename().string(), ".tmp")) << entry.path();
  }
  expect_success(run.run({"--steps", "2", "--overwrite"}));
}

TEST(TrainFaults, MissingFilesAreListed) {
  const TestFolder folder;
  const TrainRun run(folder);
  const auto with_model = [&](const fs::path& model) {
    Words words = run.words();
    words[2] = model.string();
    return run_program(words);
  };
  const fs::path model = model_copy(folder);
  fs::remove(model / "tokenizer.json");
  expect_error(with_model(model), kFailed, {"missing", "tokenizer.json"});
  fs::remove(model / "model.safetensors");
  expect_error(with_model(model), kFailed, {"missing", "tokenizer.json", "model.safetensors"});
  expect_error(with_model(folder / "nowhere"), kFailed, {"nowhere", "no such"});
  EXPECT_FALSE(fs::exists(fs::path(run.out) / "adapter_config.json"));
  Words words = run.words();
  words[4] = folder / "nodata";
  expect_error(run_program(words), kFailed, {"nodata", "train.jsonl"});
  fs::remove(fs::path(run.data) / "train.jsonl");
  expect_error(run.run(), kFailed, {"train.jsonl"});
}

TEST(TrainFaults, AnUnknownArchitectureIsNamedWithTheKnownOnes) {
  const TestFolder folder;
  const fs::path model = model_copy(folder);
  OrderedJson config = OrderedJson::parse(contents(model / "config.json"));
  config["architectures"] = {"MambaForCausalLM"};
  config["model_type"] = "mamba";
  write_text(model / "config.json", config.dump());
  expect_error(run_program({"score", "--model", model, "--ids", "1,2"}), kFailed, {"config.json", "'mamba'", "llama"});
}

TEST(TrainFaults, ADamagedModelFileIsNamed) {
  const TestFolder folder;
  const fs::path model = model_copy(folder);
  const std::string weights = contents(model / "model.safetensors");
  write_text(model / "model.safetensors", weights.substr(0, weights.size() / 2));
  expect_error(run_program({"score", "--model", model, "--ids", "1,2"}), kFailed, {"model.safetensors"});
  write_text(folder / "half.gguf", contents(tiny_gguf()).substr(0, 60'000));
  expect_error(run_program({"score", "--model", folder / "half.gguf", "--ids", "1,2"}), kFailed, {"half.gguf"});
  write_text(model / "config.json", "{");
  expect_error(run_program({"score", "--model", model, "--ids", "1,2"}), kFailed, {"config.json"});
}

TEST(TrainFaults, RowsLongerThanTheLimitAreCountedAndTold) {
  const TestFolder folder;
  const TrainRun run(folder);
  Words words = run.words({"--steps", "1", "--seq-len", "20"});
  std::erase(words, "--quiet");
  const Outcome outcome = run_program(words);
  expect_success(outcome);
  EXPECT_TRUE(contains(outcome.err, "16 rows are longer than --seq-len 20")) << outcome.err;
}

TEST(TrainFaults, RowsLongerThanTheContextAreTold) {
  const TestFolder folder;
  const TrainRun run(folder);
  std::string text;
  for (int i = 0; i < 400; ++i) text += "one two ";
  write_text(fs::path(run.data) / "train.jsonl", OrderedJson{{"text", text}}.dump() + "\n");
  fs::remove(fs::path(run.data) / "valid.jsonl");
  Words words = run.words({"--steps", "1", "--seq-len", "1000"});
  const Outcome outcome = run_program(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "context of 256")) << outcome.err;
}

TEST(TrainFaults, AnOutThatCannotBeAFolderIsAnError) {
  const TestFolder folder;
  const TrainRun run(folder);
  write_text(run.out, "a file");
  expect_error(run.run({"--overwrite"}), kFailed, {run.out, "not a folder"});
  EXPECT_EQ(contents(run.out), "a file");
  Words words = run.words();
  words[6] = "/proc/temper-cannot-write-here";
  expect_error(run_program(words), kFailed, {"/proc/temper-cannot-write-here"});
}

/// The words of a run that tells how far it is.
Words loud(const TrainRun& run, const Words& more) {
  Words words = run.words(more);
  std::erase(words, "--quiet");
  return words;
}

TEST(TrainFaults, TwoRunsDontShareAFolder) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 4, 3000);  // a validation that takes seconds
  Program first(loud(run, {"--steps", "2"}));
  ASSERT_TRUE(first.wait_for_error("trainable parameters"));
  for (const char* flag : {"--overwrite", "--resume"})
    expect_error(run.run({"--steps", "2", flag}), kFailed, {run.out, "another program", "another --out"});
  first.send(SIGKILL);
  first.wait();
  Program second(loud(run, {"--steps", "2", "--resume"}));  // the lock went with its holder
  EXPECT_TRUE(second.wait_for_error("trainable parameters"));
  second.send(SIGKILL);
  second.wait();
}

TEST(TrainFaults, InterruptsBeforeTheFirstStepEndWith130) {
  const TestFolder folder;
  const TrainRun run(folder, "out", 4, 3000);  // a validation that takes seconds
  Program program(loud(run, {"--steps", "2"}));
  ASSERT_TRUE(program.wait_for_error("trainable parameters"));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  expect_error(outcome, kInterrupted, {"interrupted"});
}

}  // namespace
}  // namespace temper::testing
