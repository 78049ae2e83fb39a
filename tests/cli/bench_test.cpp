// `temper bench ops`: cases by name, JSON, comparisons with an earlier run, peers that are missing.
#include <algorithm>

#include "base/file.h"
#include "cli/fixtures.h"

namespace temper::testing {
namespace {

const Words kBench = {"bench", "ops", "--quick", "--dtype", "f32"};

TEST(Bench, ListsItsCases) {
  const Outcome list = run_program(kBench + Words{"--list"});
  expect_success(list);
  for (const char* name : {"lora_linear 64 x 512 x 512 r 8 f32", "softmax 4 x 16 x 1024 f32", "adamw 1048576 f32"})
    EXPECT_TRUE(contains(list.out, std::string(name) + "\n")) << name;
  expect_error(run_program(kBench + Words{"--filter", "lora nonsense"}), kUsage, {"nonsense", "--list"});
  EXPECT_EQ(run_program({"bench"}).code, kUsage);
  const Outcome help = run_program({"bench", "ops", "--help"});
  for (const char* option : {"--device", "--threads", "--gemm", "--counters", "--dtype", "--peer", "--compare"})
    EXPECT_TRUE(contains(help.out, option)) << option;
}

TEST(Bench, ATableSaysTimeRateAndLimit) {
  const Outcome table = run_program(kBench + Words{"--filter", "1 x 512 x 512 r 8"});
  expect_success(table);
  for (const char* part : {"CPU", "fastest here: ", "low_rank", "lora_linear", " us", "GB/s", "limit"})
    EXPECT_TRUE(contains(table.out, part)) << part << " in\n" << table.out;
}

TEST(Bench, JsonHasEveryNumberAndEarlierOnesAreCompared) {
  const TestFolder folder;
  const Words softmax = kBench + Words{"--json", "--filter", "softmax"};
  const Outcome outcome = run_program(softmax);
  expect_success(outcome);
  ASSERT_EQ(outcome.json_lines().size(), 1u);
  OrderedJson json = outcome.last_json();
  ASSERT_EQ(json["cases"].size(), 1u);
  OrderedJson& seconds = json["cases"][0]["seconds"];
  EXPECT_GT(seconds["median"].get<double>(), 0);
  EXPECT_LE(json["cases"][0]["limit_percent"].get<double>(), 100.0 + 1e-9);
  EXPECT_EQ(json["emulated"], false);

  const auto compare_with = [&](double median) {
    for (const char* key : {"median", "p10", "p90"}) seconds[key] = median;
    const std::string file = (folder.path() / "old.json").string();
    write_file_atomic(file, json.dump());
    return run_program(kBench + Words{"--filter", "softmax", "--compare", file});
  };
  const Outcome slower = compare_with(1e-9);
  EXPECT_EQ(slower.code, kFailed);
  EXPECT_TRUE(contains(slower.out, "SLOWER")) << slower.out;
  const Outcome faster = compare_with(1e3);
  expect_success(faster);
  EXPECT_TRUE(contains(faster.out, "0 slower, 1 faster")) << faster.out;
  const Outcome as_json = run_program(softmax + Words{"--compare", (folder.path() / "old.json").string()});
  expect_success(as_json);
  EXPECT_EQ(as_json.last_json()["comparison"]["faster"].size(), 1u);
  json["dtype"] = "bf16";
  write_file_atomic((folder.path() / "bf16.json").string(), json.dump());
  expect_error(run_program(softmax + Words{"--compare", (folder.path() / "bf16.json").string()}), kFailed, {"--dtype"});
  expect_error(run_program(kBench + Words{"--compare", "/nowhere.json"}), kFailed, {"/nowhere.json"});
}

TEST(Bench, AMissingPeerIsNamedWithTheWayToGetIt) {
  const ProgramOptions in_source = {.folder = TEMPER_SOURCE_DIR};
  const TestFolder folder;
  const std::filesystem::path python = folder.path() / "python";
  write_file_atomic(python, "#!/bin/sh\necho '{\"error\": \"No module named mlx: pip install mlx\"}'\n");
  std::filesystem::permissions(python, std::filesystem::perms::owner_all);
  expect_error(run_program(kBench + Words{"--peer", "mlx", "--python", python.string()}, in_source), kFailed,
               {"pip install mlx"});
  expect_error(run_program(kBench + Words{"--peer", "mlx"}, {.folder = folder.path().string()}), kFailed,
               {"tools/peers/ops_peer.py"});
}

TEST(Bench, OnMetalAnEmulatedDeviceIsSaidToBeOne) {
  const Outcome info = run_program({"info"});
  if (!contains(info.out, "metal")) GTEST_SKIP() << "no Metal backend is built";
  const Outcome table = run_program(kBench + Words{"--device", "metal", "--filter", "lora_linear 1 x 512 x 512 r 8"});
  expect_success(table);
  for (const char* part : {"on device", "alone"}) EXPECT_TRUE(contains(table.out, part)) << table.out;
  const Outcome json =
      run_program(kBench + Words{"--device", "metal", "--json", "--filter", "lora_linear 1 x 512 x 512 r 8"});
  expect_success(json);
  const OrderedJson result = json.last_json()["cases"][0];
  EXPECT_GT(result["device_seconds"]["median"].get<double>(), 0);
  EXPECT_LT(result["device_seconds"]["median"].get<double>(), 2 * result["seconds"]["p90"].get<double>());
#ifdef __linux__
  EXPECT_TRUE(contains(table.out, "say nothing about Apple hardware")) << table.out;
#endif
}

}  // namespace
}  // namespace temper::testing
