// Kernels kept from process to process. A backend of its own stands for a process: nothing else is shared between two.
#include <filesystem>
#include <fstream>

#include "metal_fixture.h"
#include "ops/binary.h"
#include "support/test_folder.h"

namespace temper {
namespace {

/// What a process that adds and multiplies counts.
Counters run_process(const std::filesystem::path& folder) {
  const auto backend =
      open_backend({DeviceType::metal, 0}, {.threads = 1, .kernel_archive = std::optional(folder.string())});
  Context ctx(backend);
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3}, Shape{3});
  EXPECT_EQ(read<float>(ctx, mul(ctx, add(ctx, x, x), x)), (std::vector<float>{2, 8, 18}));
  return ctx.counters();
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

class PipelineArchives : public ::testing::Test {
 protected:
  testing::TestFolder folder_;
};

TEST_F(PipelineArchives, ASecondProcessCompilesNothing) {
  const Counters first = run_process(folder_ / "cache");
  EXPECT_GT(first.kernels_created, 0);
  EXPECT_EQ(first.kernels_archived, 0);
  ASSERT_EQ(files_in(folder_ / "cache").size(), 1u);
  const Counters second = run_process(folder_ / "cache");
  EXPECT_EQ(second.kernels_created, first.kernels_created);
  EXPECT_EQ(second.kernels_archived, first.kernels_created);
}

TEST_F(PipelineArchives, ADamagedFileIsReplaced) {
  run_process(folder_ / "cache");
  const auto file = files_in(folder_ / "cache").at(0);
  std::filesystem::resize_file(file, 20);
  EXPECT_EQ(run_process(folder_ / "cache").kernels_archived, 0);
  EXPECT_GT(run_process(folder_ / "cache").kernels_archived, 0);
  EXPECT_EQ(files_in(folder_ / "cache").size(), 1u) << "nothing half written is left";
}

TEST_F(PipelineArchives, WhatNobodyWroteForAMonthIsRemoved) {
  std::filesystem::create_directories(folder_ / "cache");
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& [name, days] : {std::pair("old.metalarchive", 31), {"young.metalarchive", 29}, {"other", 31}}) {
    testing::write_text(folder_ / "cache" / name, "");
    std::filesystem::last_write_time(folder_ / "cache" / name, now - std::chrono::hours(24 * days));
  }
  run_process(folder_ / "cache");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/old.metalarchive"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/young.metalarchive"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/other"));
}

TEST_F(PipelineArchives, AFolderThatCantBeMadeIsNoError) {
  testing::write_text(folder_ / "file", "");
  EXPECT_EQ(run_process(folder_ / "file").kernels_archived, 0);
  EXPECT_EQ(run_process(folder_ / "file").kernels_archived, 0);
}

TEST_F(PipelineArchives, NoneIsKeptWithoutAFolder) {
  EXPECT_EQ(run_process({}).kernels_archived, 0);
  EXPECT_TRUE(files_in(folder_.path()).empty());
}

}  // namespace
}  // namespace temper
