#include "train/report/html_report.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "sample_report.h"

namespace temper::train {
namespace {

std::filesystem::path viewing_folder() {
  const std::filesystem::path program = ::testing::internal::GetArgvs().at(0);
  const auto folder = program.parent_path() / "report";
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(HtmlReport, SamplesAreWrittenForViewing) {
  ReportData one_step = testing::sample_report(1);
  one_step.evals.clear();
  write_report(viewing_folder() / "sample.html", testing::sample_report());
  write_report(viewing_folder() / "long.html", testing::sample_report(100'000));
  write_report(viewing_folder() / "hostile.html", testing::hostile_report());
  write_report(viewing_folder() / "one_step.html", one_step);
  write_report(viewing_folder() / "empty.html", {});
}

}  // namespace
}  // namespace temper::train
