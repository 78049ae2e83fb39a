// Malformed configurations; tests/cli/train_config_test.cpp has what well-formed ones mean.
#include <gtest/gtest.h>

#include "cli/train_options.h"
#include "support/test_folder.h"
#include "temper/error.h"

namespace temper::cli {
namespace {

using testing::error_of;

TrainOptions read(const std::string& yaml) {
  CLI::App command;
  TrainOptions options;
  add_train_options(command, options);
  apply_yaml_text(yaml, "run.yaml", command, options);
  return options;
}

TEST(TrainYaml, WhatIsWrongIsNamedWithItsLine) {
  struct Case {
    const char *yaml, *says;
  };
  const Case kCases[] = {
      {"rank: [", "run.yaml:"},
      {"a\nb: 1", "run.yaml:"},
      {"\t- x", "run.yaml:"},
      {"- rank: 4\n", "run.yaml: a configuration is a map"},
      {"rank\n", "run.yaml: a configuration is a map"},
      {"", "run.yaml: a configuration is a map"},
      {"lr: 1\nrnak: 4\n", "run.yaml:2: rnak: unknown key 'rnak'; did you mean rank"},
      {"[rank]: 4\n", "run.yaml:1: a key must be a word"},
      {"? {a: b}\n: 4\n", "run.yaml:1: a key must be a word"},
      {"rank: four\n", "run.yaml:1: rank: "},
      {"rank: 4.5\n", "run.yaml:1: rank: "},
      {"rank: 99999999999999999999\n", "run.yaml:1: rank: "},
      {"rank: [4]\n", "run.yaml:1: rank: "},
      {"rank: {a: 4}\n", "run.yaml:1: rank: "},
      {"model: [a, b]\n", "run.yaml:1: model: "},
      {"seed: -1\n", "run.yaml:1: seed: "},
      {"\nmask_prompt: lsat\n", "run.yaml:2: mask_prompt: lsat not in"},
      {"mask_prompt: [true]\n", "run.yaml:1: mask_prompt: "},
      {"fine_tune_type: dora\n", "run.yaml:1: fine_tune_type: 'lora' is implemented"},
      {"optimizer: muon\n", "run.yaml:1: optimizer: 'adamw' and 'adam' are"},
      {"lora_parameters: 8\n", "run.yaml:1: lora_parameters: a map"},
      {"lora_parameters:\n  rank: 8\n  bias: 1\n", "unknown key 'bias'"},
      {"lora_parameters:\n  ? [a]\n  : 1\n", "run.yaml:2: lora_parameters: "},
      {"lr_schedule: [cosine_decay]\n", "run.yaml:1: lr_schedule: "},
      {"lr_schedule:\n  warmup: 3\n", "lr_schedule: "},
      {"lr_schedule:\n  name: step_decay\n", "schedule 'step_decay' is not known"},
      {"a: &a [*a]\n", "run.yaml:"},
  };
  for (const Case& c : kCases) {
    const std::string message = error_of([&] { read(c.yaml); });
    EXPECT_NE(message.find(c.says), std::string::npos) << c.yaml << " -> " << message;
    EXPECT_NE(message.find("run.yaml"), std::string::npos) << c.yaml << " -> " << message;
  }
}

TEST(TrainYaml, NestingHasALimit) {
  EXPECT_THROW(read("rank: " + std::string(100'000, '[')), Error);
  EXPECT_THROW(read(std::string(100'000, '{')), Error);
}

TEST(TrainOptions, ImpossibleBatchesAreRefused) {
  TrainOptions options;
  options.model = options.data = options.out = "given";
  options.pack = true;
  options.seq_len = int64_t{1} << 40;
  options.train.batches.batch_size = int64_t{1} << 40;
  EXPECT_NE(error_of([&] { finish_options(options); }).find("a batch has at most"), std::string::npos);
}

}  // namespace
}  // namespace temper::cli
