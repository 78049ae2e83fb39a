// temper merge, info, doctor
#include <set>

#include "cli/fixtures.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

Words merge(const std::string& out, const Words& more = {}) {
  return Words{"merge", "--model", tiny_model(), "--adapter", tiny_adapter(), "--out", out, "--quiet"} + more;
}

OrderedJson scores(const Words& model) {
  const Outcome outcome =
      run_program(Words{"score", "--ids", "5,6,7,8,9,10", "--json", "--quiet", "--dtype", "f32"} + model);
  expect_success(outcome);
  return outcome.last_json()["logprobs"];
}

void expect_close(const OrderedJson& a, const OrderedJson& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 1; i < a.size(); ++i) EXPECT_NEAR(a[i].get<double>(), b[i].get<double>(), tolerance) << i;
}

TEST(Merge, TheFolderGivesWhatBaseAndAdapterGive) {
  const TestFolder folder;
  expect_success(run_program(merge(folder / "f32", {"--dtype", "f32"})));
  expect_close(scores({"--model", folder / "f32"}), scores({"--model", tiny_model(), "--adapter", tiny_adapter()}),
               1e-4);
  for (const char* name :
       {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
    EXPECT_TRUE(fs::exists(folder / "f32" / name)) << name;
  const Outcome generated =
      run_program({"generate", "--model", folder / "f32", "--prompt", "one", "--max-tokens", "4", "--json", "--quiet"});
  expect_success(generated);
  EXPECT_EQ(generated.last_json()["ids"].size(), 4u);
}

TEST(Merge, AGgufBaseBecomesACompleteFolder) {
  const TestFolder folder;
  const Outcome outcome = run_program(
      {"merge", "--model", tiny_gguf(), "--adapter", tiny_adapter(), "--out", folder / "merged", "--json", "--quiet"});
  expect_success(outcome);
  const OrderedJson json = outcome.last_json();
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  EXPECT_EQ(json["dtype"], "f16");
  EXPECT_EQ(json["merged_modules"], 21);
  EXPECT_LT(json["kl"].get<double>(), 1e-3);
  EXPECT_GT(json["adapter_kl"].get<double>(), 0.1);
  expect_close(scores({"--model", folder / "merged"}), scores({"--model", tiny_gguf(), "--adapter", tiny_adapter()}),
               0.05);
  const ProgramOptions input = {.input = R"([{"role":"user","content":"one"}])"};
  EXPECT_EQ(run_program({"template", "--model", folder / "merged"}, input).out,
            run_program({"template", "--model", tiny_gguf()}, input).out);
}

TEST(Merge, ATrailingSlashIsNoOtherFolder) {
  const TestFolder folder;
  expect_success(run_program(merge(folder / "merged/")));
  EXPECT_TRUE(fs::exists(folder / "merged" / "config.json"));
  expect_success(run_program(merge(folder / "merged/", {"--overwrite"})));
  EXPECT_TRUE(fs::exists(folder / "merged" / "config.json"));
  for (const auto& entry : fs::directory_iterator(folder.path())) EXPECT_EQ(entry.path().filename(), "merged");
}

TEST(Merge, ARelativeOutIsWrittenInTheWorkingFolder) {
  const TestFolder folder;
  expect_success(run_program(merge("merged"), {.folder = folder.path()}));
  EXPECT_TRUE(fs::exists(folder / "merged" / "config.json"));
}

TEST(Merge, AnExistingFolderIsRefusedAndOnlyModelsAreReplaced) {
  const TestFolder folder;
  fs::create_directories(folder / "mine");
  write_text(folder / "mine" / "thesis.txt", "years");
  expect_error(run_program(merge(folder / "mine")), kFailed, {"exists already", "--overwrite"});
  expect_error(run_program(merge(folder / "mine", {"--overwrite"})), kFailed, {"isn't a model folder"});
  EXPECT_EQ(contents(folder / "mine" / "thesis.txt"), "years");
  const fs::path model = model_copy(folder);
  expect_error(run_program({"merge", "--model", model, "--out", model, "--overwrite"}), kFailed,
               {"input of the merge"});
  EXPECT_TRUE(fs::exists(model / "model.safetensors"));
}

TEST(Merge, BadInputLeavesNothingBehind) {
  const TestFolder folder;
  Words words = merge(folder / "merged");
  words[4] = foreign_adapter();
  expect_error(run_program(words), kFailed, {"matched 0 of 42"});
  words[4] = "/nonexistent/adapter";
  expect_error(run_program(words), kFailed, {"/nonexistent/adapter"});
  expect_error(run_program(merge(folder / "merged"), {.max_file_bytes = 50'000}), kFailed, {"cannot write"});
  EXPECT_TRUE(fs::is_empty(folder.path()));
  expect_error(run_program({"merge", "--model", tiny_model()}), kUsage, {"--out"});
}

TEST(Merge, LargeModelsAreSharded) {
  const TestFolder folder;
  expect_success(run_program(merge(folder / "merged", {"--max-shard-gb", "0.0001"})));
  EXPECT_TRUE(fs::exists(folder / "merged" / "model.safetensors.index.json"));
  EXPECT_FALSE(scores({"--model", folder / "merged"}).empty());
}

TEST(Info, DescribesProgramModelAndAdapter) {
  const Outcome outcome = run_program({"info", "--model", tiny_model(), "--adapter", tiny_adapter(), "--json"});
  expect_success(outcome);
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  const OrderedJson json = outcome.last_json();
  EXPECT_EQ(json["devices"][0]["name"], "cpu:0");
  EXPECT_EQ(json["model"]["architecture"], "LlamaForCausalLM");
  EXPECT_EQ(json["model"]["layers"], 3);
  EXPECT_EQ(json["model"]["parameters"], 117184);
  EXPECT_EQ(json["adapter"]["rank"], 4);
  EXPECT_EQ(json["adapter"]["matched"], "matched 42 of 42 tensors");
  const Outcome text = run_program({"info", "--model", tiny_gguf(), "--adapter", tiny_adapter()});
  expect_success(text);
  for (const char* part : {"LlamaForCausalLM", "q_proj", "Q4_0", "rank 4", "context 256"})
    EXPECT_TRUE(contains(text.out, part)) << part;
}

TEST(Info, AnAdapterNeedsItsModel) {
  expect_error(run_program({"info", "--adapter", tiny_adapter()}), kUsage, {"--model"});
  expect_error(run_program({"info", "--model", "/nonexistent"}), kFailed, {"/nonexistent"});
}

TEST(Doctor, ComputesRightHere) {
  const Outcome outcome = run_program({"doctor", "--json", "--seconds", "0"});
  expect_success(outcome);
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  EXPECT_EQ(outcome.last_json()["failed"], 0);
  EXPECT_GT(outcome.last_json()["checks"].size(), 10u);
}

TEST(Doctor, RunsTheConformanceSuiteOnEveryDevice) {
  const OrderedJson report = run_program({"doctor", "--json", "--seconds", "0"}).last_json()["conformance"];
#ifdef __APPLE__
  constexpr bool kMetalIsEmulated = false;
#else
  constexpr bool kMetalIsEmulated = true;
#endif
  std::set<std::string> devices;
  int products = 0;
  for (const OrderedJson& row : report) {
    devices.insert(row["device"]);
    EXPECT_GE(row["checked"], 1) << row;
    EXPECT_LE(row["checked"], row["planned"]) << row;
    EXPECT_TRUE(row["differences"].empty()) << row;
    EXPECT_EQ(row["emulated"], kMetalIsEmulated && row["device"] == "metal:0") << row;
    products += row["op"] == "matmul";
  }
  EXPECT_TRUE(devices.contains("cpu:0"));
  EXPECT_GE(products, 3);
}

TEST(Doctor, PrintsATableOfOpsAndTypes) {
  const Outcome outcome = run_program({"doctor", "--device", "cpu", "--seconds", "0"});
  expect_success(outcome);
  for (const char* part : {"conformance on cpu:0", "bf16", "matmul", "--full runs all"})
    EXPECT_TRUE(contains(outcome.out, part)) << part;
}

}  // namespace
}  // namespace temper::testing
