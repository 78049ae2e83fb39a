// A run that was killed or interrupted and resumed gives the bytes of one that wasn't.
#include <chrono>
#include <csignal>
#include <thread>

#include "cli/train_run.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kSteps = 16;
const Words kRun = {"--steps", "16",   "--save-every", "3", "--eval-every", "5", "--dropout", "0.1",
                    "--lr",    "1e-2", "--batch-size", "3", "--log-json"};

std::vector<int> all_steps() {
  std::vector<int> steps;
  for (int step = 1; step <= kSteps; ++step) steps.push_back(step);
  return steps;
}

void expect_same_result(const TrainRun& run, const TrainRun& reference) {
  EXPECT_EQ(run.adapter_bytes(), reference.adapter_bytes());
  EXPECT_EQ(run.optimizer_bytes(kSteps), reference.optimizer_bytes(kSteps));
  EXPECT_EQ(run.metric_steps(), all_steps());
  for (const std::string& name : run.checkpoints()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
}

class Resume : public ::testing::Test {
 protected:
  void SetUp() override { expect_success(reference_.run(kRun)); }

  TestFolder folder_;
  TrainRun reference_{folder_, "reference"};
};

TEST_F(Resume, AfterSigkillAtSeveralPointsIsBitExact) {
  const TrainRun run(folder_, "killed");
  // A kill in the first step, one between checkpoints, some around the moment when a checkpoint is written.
  struct Kill {
    int step, delay_ms;
  };
  for (const Kill kill : {Kill{1, 0}, Kill{5, 3}, Kill{6, 0}, Kill{6, 5}, Kill{9, 2}, Kill{12, 8}, Kill{15, 1}}) {
    Program program(run.words(kRun + Words{"--resume"}));
    const bool seen = wait_for_step(program, kill.step);
    std::this_thread::sleep_for(std::chrono::milliseconds(kill.delay_ms));
    program.send(SIGKILL);
    const Outcome outcome = program.wait();
    // A step before the checkpoint it resumed from is not shown again; then it ran to its end.
    EXPECT_TRUE(seen ? outcome.signal == SIGKILL || outcome.code == 0 : outcome.code == 0) << outcome.err;
  }
  expect_success(run.run(kRun + Words{"--resume"}));
  expect_same_result(run, reference_);
}

TEST_F(Resume, AfterCtrlCIsBitExact) {
  const TrainRun run(folder_, "interrupted");
  Program program(run.words(kRun));
  ASSERT_TRUE(wait_for_step(program, 4));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  expect_error(outcome, kInterrupted, {"interrupted after step", "--resume"});
  EXPECT_EQ(keys_of(outcome.last_json()).back(), "valid_loss");
  const Words saved = run.checkpoints();
  EXPECT_GE(saved.size(), 2u);
  EXPECT_TRUE(fs::exists(fs::path(run.out) / "adapter_model.safetensors"));
  expect_success(run.run(kRun + Words{"--resume"}));
  expect_same_result(run, reference_);
}

TEST_F(Resume, AfterSigtermIsBitExactAndWithOtherThreads) {
  const TrainRun run(folder_, "terminated");
  Program program(run.words(kRun + Words{"--threads", "1"}));
  ASSERT_TRUE(wait_for_step(program, 7));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait().code, kInterrupted);
  expect_success(run.run(kRun + Words{"--resume", "--threads", "3"}));
  expect_same_result(run, reference_);
}

TEST_F(Resume, AfterADiskThatFilledUpIsBitExact) {
  const TrainRun run(folder_, "full");
  Program program(run.words(kRun));
  ASSERT_TRUE(wait_for_step(program, 4));
  program.send(SIGINT);
  EXPECT_EQ(program.wait().code, kInterrupted);
  const Words before = run.checkpoints();
  // The next checkpoint doesn't fit.
  const Outcome full = run.run(kRun + Words{"--resume"}, {.max_file_bytes = 50'000});
  expect_error(full, kFailed, {"cannot write"});
  EXPECT_EQ(run.checkpoints(), before);
  expect_success(run.run(kRun + Words{"--resume"}));
  expect_same_result(run, reference_);
}

TEST_F(Resume, OfAFinishedRunChangesNothingAndKnowsItsLosses) {
  const std::string before = reference_.adapter_bytes();
  const Outcome again = reference_.run(kRun + Words{"--resume"});
  expect_success(again);
  EXPECT_EQ(reference_.adapter_bytes(), before);
  EXPECT_TRUE(again.last_json()["valid_loss"].is_number()) << again.out;
  EXPECT_TRUE(again.last_json()["train_loss"].is_number()) << again.out;
}

TEST_F(Resume, WithAnotherSpellingOfThePathsOrLessMemoryIsTheSameRun) {
  const TrainRun run(folder_, "elsewhere");
  Program program(run.words(kRun));
  ASSERT_TRUE(wait_for_step(program, 4));
  program.send(SIGINT);
  EXPECT_EQ(program.wait().code, kInterrupted);
  const fs::path model = tiny_model();
  const Outcome resumed =
      run_program(Words{"train", "--model", "../" + model.filename().string() + "/", "--data", run.data + "/", "--out",
                        run.out + "/", "--samples", "0", "--quiet", "--grad-checkpoint", "--resume"} +
                      kRun,
                  {.folder = model.string()});
  expect_success(resumed);
  expect_same_result(run, reference_);
}

TEST_F(Resume, WithOtherSettingsOrDataIsRefused) {
  const std::string before = reference_.adapter_bytes();
  for (const Words& change : {Words{"--lr", "1e-3"}, Words{"--rank", "4"}, Words{"--seed", "3"},
                              Words{"--seq-len", "32"}, Words{"--mask-prompt", "last"}, Words{"--targets", "q_proj"},
                              Words{"--steps", "99"}, Words{"--dtype", "f16"}}) {
    Words words = reference_.words(kRun);
    for (size_t i = 0; i + 1 < words.size(); ++i)
      if (words[i] == change[0])
        words.erase(words.begin() + static_cast<long>(i), words.begin() + static_cast<long>(i) + 2);
    const Outcome outcome = run_program(words + change + Words{"--resume"});
    expect_error(outcome, kFailed, {"another run", "--overwrite"});
    EXPECT_LT(outcome.err.size() - outcome.err.find("error: "), 400u)
        << outcome.err;  // the difference, not all settings
  }
  write_text(fs::path(reference_.data) / "train.jsonl", chat_rows(16, 99));
  expect_error(reference_.run(kRun + Words{"--resume"}), kFailed, {"another run", "train_data"});
  EXPECT_EQ(reference_.adapter_bytes(), before);
}

TEST_F(Resume, OfNothingStartsFromTheBeginning) {
  const TrainRun run(folder_, "fresh");
  expect_success(run.run(kRun + Words{"--resume"}));
  expect_same_result(run, reference_);
}

TEST_F(Resume, OfADamagedCheckpointNamesTheFile) {
  const fs::path checkpoint = fs::path(reference_.out) / "checkpoints" / "step-000016";
  const std::string whole = contents(checkpoint / "optimizer.safetensors");
  write_text(checkpoint / "optimizer.safetensors", whole.substr(0, whole.size() / 2));
  expect_error(reference_.run(kRun + Words{"--resume"}), kFailed, {"optimizer.safetensors"});
  write_text(checkpoint / "trainer_state.json", "{");
  expect_error(reference_.run(kRun + Words{"--resume"}), kFailed, {"trainer_state.json"});
}

}  // namespace
}  // namespace temper::testing
