// What every command has in common: help, wrong usage, the common options, standard output.
#include <regex>

#include "cli/fixtures.h"

namespace temper::testing {
namespace {

const Words kCommands = {"train",    "generate", "chat",  "eval", "score", "tokenize",
                         "template", "inspect",  "merge", "info", "doctor"};

TEST(Usage, HelpListsEveryCommand) {
  const Outcome help = run_program({"--help"});
  expect_success(help);
  for (const std::string& command : kCommands)
    EXPECT_TRUE(std::regex_search(help.out, std::regex("\n  " + command + " +[a-z]"))) << command;
  EXPECT_TRUE(help.err.empty()) << help.err;
}

TEST(Usage, EachCommandHasHelpAndTheCommonOptions) {
  for (const std::string& command : kCommands) {
    const Outcome help = run_program({command, "--help"});
    expect_success(help);
    for (const char* option : {"--device", "--threads", "--gemm", "--counters", "--dtype"})
      EXPECT_TRUE(contains(help.out, option)) << command << " lacks " << option;
    EXPECT_FALSE(contains(help.out, "179769313")) << command << ": a range nobody can read";
  }
}

TEST(Usage, HelpNamesTheSurfaceThatScriptsUse) {
  const std::map<std::string, Words> surface = {
      {"train",
       {"--model",
        "--data",
        "--out",
        "--rank INT=8",
        "--alpha FLOAT=16",
        "--dropout FLOAT=0",
        "all-linear",
        "--rslora",
        "--init-adapter",
        "--batch-size INT=4",
        "--seq-len",
        "--batch-tokens",
        "--pack",
        "--no-shuffle",
        "--mask-prompt",
        "--grad-accum",
        "--steps",
        "--epochs",
        "--lr FLOAT=0.0001",
        "=cosine",
        "--warmup INT=10",
        "--weight-decay FLOAT=0.01",
        "--max-grad-norm FLOAT=1",
        "--grad-checkpoint",
        "--eval-every",
        "--save-every",
        "--seed",
        "--resume",
        "--overwrite",
        "--dry-run",
        "--log-json",
        "[config]"}},
      {"generate",
       {"--adapter", "--prompt", "--prompt-file", "--ids", "--batch", "--raw", "--system", "--max-tokens", "--temp",
        "--top-k", "--top-p", "--min-p", "--repetition-penalty", "--seed", "--stop", "--ignore-eos", "--json"}},
      {"eval", {"--adapter", "--data", "--json"}},
      {"score", {"--adapter", "--ids", "--text", "--json"}},
      {"tokenize", {"--jsonl"}},
      {"template", {"--no-generation-prompt"}},
      {"inspect", {"--data"}},
      {"merge", {"--adapter", "--out"}}};
  for (const auto& [command, options] : surface) {
    const Outcome help = run_program({command, "--help"});
    for (const std::string& option : options) EXPECT_TRUE(contains(help.out, option)) << command << " " << option;
  }
}

TEST(Usage, VersionIsOneLine) {
  const Outcome version = run_program({"--version"});
  expect_success(version);
  EXPECT_TRUE(std::regex_match(version.out, std::regex("temper [0-9.]+\n"))) << version.out;
}

TEST(Usage, WithoutACommandTheUserIsToldOfHelp) {
  expect_error(run_program({}), kUsage, {"temper --help"});
}

TEST(Usage, AnUnknownCommandNamesNearMatches) {
  expect_error(run_program({"trian", "--model", "x"}), kUsage, {"'trian'", "did you mean train"});
  expect_error(run_program({"--trian"}), kUsage, {"temper has no option --trian"});
}

TEST(Usage, AnUnknownOptionNamesNearMatches) {
  expect_error(run_program({"train", "--model", "x", "--stesp", "5"}), kUsage, {"--stesp", "--steps"});
  expect_error(run_program({"generate", "--model", "x", "--promt", "hello"}), kUsage, {"--promt", "--prompt"});
  expect_error(run_program({"score", "--jsn"}), kUsage, {"--jsn", "--json"});
}

TEST(Usage, ValuesOutsideOfTheirRangeAreRefusedBeforeAnythingIsLoaded) {
  // The model doesn't exist: whoever complains about it began to load.
  const std::vector<Words> wrong = {{"--max-tokens", "0"},    {"--max-tokens", "-1"},
                                    {"--temp", "-1"},         {"--top-k", "-1"},
                                    {"--top-p", "2"},         {"--top-p", "0"},
                                    {"--min-p", "-1"},        {"--seed", "-1"},
                                    {"--min-p", "1.5"},       {"--repetition-penalty", "0"},
                                    {"--threads", "-1"},      {"--dtype", "f64"},
                                    {"--device", "abacus"},   {"--weights", "sparse"},
                                    {"--max-tokens", "many"}, {"--stop", ""},
                                    {"--max-batch", "0"},     {"--temp", "nan"}};
  for (const Words& option : wrong) {
    const Outcome outcome = run_program(Words{"generate", "--model", "/nonexistent", "--prompt", "x"} + option);
    expect_error(outcome, kUsage, {option[0]});
    EXPECT_FALSE(contains(outcome.err, "179769313")) << outcome.err;
  }
}

TEST(Usage, TheCommonOptionsAreCheckedEverywhere) {
  for (const std::string& command : kCommands) {
    expect_error(run_program({command, "--device", "abacus"}), kUsage, {"abacus", "cpu"});
    expect_error(run_program({command, "--dtype", "f65"}), kUsage, {"f65", "bf16"});
    expect_error(run_program({command, "--threads", "-2"}), kUsage, {"--threads"});
  }
}

TEST(Usage, TheCommonOptionsAreTakenByCommandsThatComputeNothing) {
  const Words common = {"--model", tiny_model(), "--device", "cpu", "--threads", "1", "--dtype", "f32", "--counters"};
  expect_success(run_program(Words{"tokenize"} + common, {.input = "one"}));
  expect_success(run_program(Words{"template"} + common, {.input = "[]"}));
  expect_success(run_program(Words{"info"} + common));
}

TEST(Usage, AFullDiskBehindStandardOutputIsAnError) {
  const std::vector<Words> commands = {
      {"generate", "--model", tiny_model(), "--prompt", "x", "--max-tokens", "2"},
      {"generate", "--model", tiny_model(), "--prompt", "x", "--max-tokens", "2", "--json"},
      {"tokenize", "--model", tiny_model()},
      {"template", "--model", tiny_model()},
      {"info"}};
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  for (const Words& command : commands)
    expect_error(run_program(command, {.input = "[]", .stdout_file = "/dev/full"}), kFailed, {"standard output"});
}

TEST(Usage, QuietLeavesStandardErrorEmpty) {
  const Outcome quiet = run_program({"score", "--model", tiny_model(), "--ids", "1,2", "--quiet"});
  expect_success(quiet);
  EXPECT_TRUE(quiet.err.empty()) << quiet.err;
}

TEST(Usage, CountersAreShownOnStandardError) {
  const Outcome outcome = run_program({"score", "--model", tiny_model(), "--ids", "1,2", "--json", "--counters"});
  expect_success(outcome);
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  EXPECT_TRUE(contains(outcome.err, "kernel launches"));
  EXPECT_TRUE(contains(outcome.err, "rms_norm"));
}

}  // namespace
}  // namespace temper::testing
