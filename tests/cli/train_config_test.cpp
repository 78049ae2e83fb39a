// temper train CONFIG.yaml
#include "cli/train_run.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

/// Every key of mlx-lm's example of a LoRA configuration.
std::string mlx_config(const TrainRun& run) {
  return "model: \"" + tiny_model() + "\"\ntrain: true\nfine_tune_type: lora\noptimizer: adamw\n" +
         "optimizer_config:\n  adamw:\n    betas: [0.9, 0.98]\n    eps: 1e-6\n    weight_decay: 0.05\n" +
         "    bias_correction: true\ndata: \"" + run.data + "\"\nseed: 3\nnum_layers: 2\nbatch_size: 4\niters: 3\n" +
         "val_batches: 25\nlearning_rate: 1e-5\nsteps_per_report: 10\nsteps_per_eval: 200\nresume_adapter_file: "
         "null\n" +
         "adapter_path: \"" + run.out + "\"\nsave_every: 100\ntest: false\ntest_batches: 100\nmax_seq_length: 2048\n" +
         "grad_checkpoint: false\nmask_prompt: true\nlora_parameters:\n" +
         "  keys: [\"self_attn.q_proj\", \"self_attn.v_proj\"]\n  rank: 4\n  scale: 20.0\n  dropout: 0.0\n" +
         "lr_schedule:\n  name: cosine_decay\n  warmup: 1\n  warmup_init: 1e-7\n  arguments: [1e-5, 1000]\n";
}

struct Config {
  TestFolder folder;
  TrainRun run{folder};
  std::string path = folder / "config.yaml";

  Outcome train(const std::string& text, const Words& more = {}) const {
    write_text(path, text);
    return run_program(Words{"train", path, "--samples", "0", "--quiet"} + more);
  }
  std::string base() const { return "model: " + tiny_model() + "\ndata: " + run.data + "\nout: " + run.out + "\n"; }
};

TEST(TrainConfig, TheKeysOfMlxLmAreTaken) {
  const Config config;
  expect_success(config.train(mlx_config(config.run)));
  EXPECT_EQ(config.run.metric_steps().size(), 3u);
  const OrderedJson adapter = config.run.adapter_config();
  EXPECT_EQ(adapter["r"], 4);
  EXPECT_EQ(adapter["lora_alpha"], 80);             // scale times rank
  ASSERT_EQ(adapter["target_modules"].size(), 4u);  // two names in the last two blocks
  for (const OrderedJson& name : adapter["target_modules"])
    EXPECT_FALSE(contains(name.get<std::string>(), "layers.0.")) << name;
  const OrderedJson state = OrderedJson::parse(
      contents(fs::path(config.run.out) / "checkpoints" / "step-000003" / "trainer_state.json"))["run"];
  EXPECT_EQ(state["beta2"], 0.98);
  EXPECT_EQ(state["eps"], 1e-6);
  EXPECT_EQ(state["weight_decay"], 0.05);
  EXPECT_EQ(state["lr"], 1e-5);
  EXPECT_EQ(state["warmup"], 1);
  EXPECT_EQ(state["schedule"], "cosine");
  EXPECT_EQ(state["mask_prompt"], "last");
  EXPECT_EQ(state["seq_len"], 2048);
  EXPECT_EQ(state["seed"], 3);
}

TEST(TrainConfig, FlagsOverrideTheFile) {
  const Config config;
  expect_success(config.train(mlx_config(config.run), {"--steps", "1", "--rank", "2", "--mask-prompt", "none"}));
  EXPECT_EQ(config.run.metric_steps().size(), 1u);
  EXPECT_EQ(config.run.adapter_config()["r"], 2);
  EXPECT_EQ(config.run.adapter_config()["lora_alpha"], 40);  // the scale of 20 stays
  expect_success(config.train(mlx_config(config.run), {"--steps", "1", "--alpha", "5", "--overwrite"}));
  EXPECT_EQ(config.run.adapter_config()["lora_alpha"], 5);
}

TEST(TrainConfig, TempersOwnNamesAreTaken) {
  const Config config;
  expect_success(config.train(config.base() +
                              "steps: 1\nrank: 2\nalpha: 6\ndropout: 0.1\nrslora: true\ntargets: [q_proj, v_proj]\n"
                              "batch_tokens: 64\nseq_len: 100\npack: true\nno_shuffle: true\nmask_prompt: last\n"
                              "grad_accum: 2\nlr: 1e-3\nschedule: linear\nwarmup: 0\nweight_decay: 0\n"
                              "max_grad_norm: 0.5\nlabel_smoothing: 0.1\neval_every: 1\nsave_every: 1\nseed: 5\n"
                              "dtype: f32\nthreads: 1\ndevice: cpu\nweights: dense\n"));
  const OrderedJson adapter = config.run.adapter_config();
  EXPECT_EQ(adapter["r"], 2);
  EXPECT_EQ(adapter["use_rslora"], true);
  EXPECT_EQ(adapter["target_modules"], OrderedJson({"q_proj", "v_proj"}));
  const OrderedJson state = OrderedJson::parse(
      contents(fs::path(config.run.out) / "checkpoints" / "step-000001" / "trainer_state.json"))["run"];
  EXPECT_EQ(state["shuffle"], false);
  EXPECT_EQ(state["dtype"], "f32");
}

TEST(TrainConfig, MistakesAreNamedByFileAndLine) {
  const Config config;
  const std::vector<std::pair<std::string, Words>> cases = {
      {"learning_rte: 3\n", {":4", "learning_rte", "learning_rate"}},
      {"learning_rate: fast\n", {":4", "learning_rate", "fast"}},
      {"iters: 1.5\n", {":4", "iters", "1.5"}},
      {"rank: 0\n", {"rank"}},
      {"mask_prompt: some\n", {":4", "mask_prompt", "some", "last"}},
      {"dtype: f8\n", {":4", "dtype", "f8"}},
      {"schedule: cosin\n", {"cosin", "cosine"}},
      {"optimizer: sgd\n", {":4", "optimizer", "sgd", "adamw"}},
      {"fine_tune_type: full\n", {":4", "fine_tune_type", "lora"}},
      {"lora_parameters: {rnk: 3}\n", {":4", "rnk"}},
      {"lora_parameters: 3\n", {":4", "lora_parameters"}},
      {"lr_schedule: {name: step}\n", {":4", "step", "cosine_decay"}},
      {"lr_schedule: {warmup: 3}\n", {":4", "lr_schedule"}},
      {"? [a]\n: 3\n", {":4"}},
      {"batch_size: [1]\n", {":4", "batch_size"}},
      {" bad: [\n", {"config.yaml:", "malformed YAML"}},
      {"resume: true\n", {":4", "resume"}}};
  for (const auto& [text, parts] : cases)
    expect_error(config.train(config.base() + text), kFailed, Words{"config.yaml"} + parts);
  EXPECT_FALSE(fs::exists(fs::path(config.run.out) / "adapter_config.json"));
}

TEST(TrainConfig, AFileThatIsNoConfigurationIsAnError) {
  const Config config;
  expect_error(config.train(""), kFailed, {"config.yaml", "keys"});
  expect_error(config.train("- a\n"), kFailed, {"config.yaml", "keys"});
  expect_error(run_program({"train", config.folder / "none.yaml"}), kFailed, {"none.yaml"});
  expect_error(run_program({"train", tiny_model()}), kFailed, {"folder"});
}

}  // namespace
}  // namespace temper::testing
