#include "train/report/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/fail.h"
#include "base/file.h"
#include "test_folder.h"

namespace temper::train {
namespace {

using testing::TestFolder;
using testing::write_text;

StepMetrics step_at(int64_t step) {
  return {.step = step,
          .loss = 1.0 / 3 + static_cast<double>(step),
          .lr = 1e-4,
          .grad_norm = 0.7,
          .tokens = 1000,
          .target_tokens = 400,
          .step_ms = 812.5,
          .tokens_per_s = 1230.77,
          .peak_rss_bytes = 1.5e9};
}

std::vector<int64_t> steps_of(const std::filesystem::path& path) {
  std::vector<int64_t> steps;
  for (const StepMetrics& m : read_metrics(path).steps) steps.push_back(m.step);
  return steps;
}

void write_steps(MetricsWriter& writer, int64_t from, int64_t to) {
  for (int64_t s = from; s <= to; ++s) writer.write(step_at(s));
}

TEST(Metrics, ReadBackExactlyAsWritten) {
  TestFolder folder;
  const auto path = folder / "metrics.jsonl";
  {
    MetricsWriter writer(path);
    writer.write(step_at(1));
    writer.write(EvalMetrics{.step = 1, .loss = 0.1, .perplexity = std::exp(0.1), .target_tokens = 77});
    writer.sync();
  }
  const MetricsHistory history = read_metrics(path);
  ASSERT_EQ(history.steps.size(), 1u);
  const StepMetrics& m = history.steps[0];
  const StepMetrics expected = step_at(1);
  EXPECT_EQ(m.step, expected.step);
  EXPECT_EQ(m.loss, expected.loss);
  EXPECT_EQ(m.lr, expected.lr);
  EXPECT_EQ(m.grad_norm, expected.grad_norm);
  EXPECT_EQ(m.tokens, expected.tokens);
  EXPECT_EQ(m.target_tokens, expected.target_tokens);
  EXPECT_EQ(m.step_ms, expected.step_ms);
  EXPECT_EQ(m.tokens_per_s, expected.tokens_per_s);
  EXPECT_EQ(m.peak_rss_bytes, expected.peak_rss_bytes);
  ASSERT_EQ(history.evals.size(), 1u);
  EXPECT_EQ(history.evals[0].step, 1);
  EXPECT_EQ(history.evals[0].loss, 0.1);
  EXPECT_EQ(history.evals[0].perplexity, std::exp(0.1));
  EXPECT_EQ(history.evals[0].target_tokens, 77);
}

TEST(Metrics, EachLineIsInTheFileAtOnce) {
  TestFolder folder;
  MetricsWriter writer(folder / "metrics.jsonl");
  for (int64_t s = 1; s <= 3; ++s) {
    writer.write(step_at(s));
    EXPECT_EQ(steps_of(folder / "metrics.jsonl").size(), static_cast<size_t>(s));
  }
}

TEST(Metrics, LinesAreFlatObjectsWithNamedFields) {
  TestFolder folder;
  MetricsWriter(folder / "m.jsonl").write(EvalMetrics{.step = 5, .loss = 0.5, .perplexity = 1.5, .target_tokens = 9});
  EXPECT_EQ(read_file(folder / "m.jsonl"),
            "{\"type\":\"valid\",\"step\":5,\"loss\":0.5,\"perplexity\":1.5,\"target_tokens\":9}\n");
}

TEST(Metrics, NonFiniteNumbersAreNullAndReadAsNan) {
  TestFolder folder;
  const auto path = folder / "m.jsonl";
  {
    MetricsWriter writer(path);
    StepMetrics m = step_at(1);
    m.loss = std::numeric_limits<double>::quiet_NaN();
    m.grad_norm = std::numeric_limits<double>::infinity();
    writer.write(m);
  }
  EXPECT_NE(read_file(path).find("\"loss\":null"), std::string::npos);
  EXPECT_TRUE(std::isnan(read_metrics(path).steps.at(0).loss));
  EXPECT_TRUE(std::isnan(read_metrics(path).steps.at(0).grad_norm));
}

TEST(Metrics, ANewRunReplacesTheFile) {
  TestFolder folder;
  const auto path = folder / "m.jsonl";
  {
    MetricsWriter writer(path);
    write_steps(writer, 1, 5);
  }
  MetricsWriter writer(path);
  writer.write(step_at(1));
  EXPECT_EQ(steps_of(path), (std::vector<int64_t>{1}));
}

TEST(Metrics, AKilledAndResumedRunHasEveryStepOnce) {
  TestFolder folder;
  const auto path = folder / "m.jsonl";
  {
    MetricsWriter writer(path);
    write_steps(writer, 1, 4);
    writer.write(EvalMetrics{.step = 4});
    write_steps(writer, 5, 7);
    writer.write(EvalMetrics{.step = 7});
  }
  write_text(path, read_file(path) + "{\"type\":\"train\",\"step\":8,\"lo");  // killed in the middle of a line
  MetricsWriter writer(path, /*resumed_step=*/4);
  write_steps(writer, 5, 9);
  EXPECT_EQ(steps_of(path), (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  ASSERT_EQ(read_metrics(path).evals.size(), 1u);
  EXPECT_EQ(read_metrics(path).evals[0].step, 4);
}

TEST(Metrics, ResumingWithoutAFileStartsOne) {
  TestFolder folder;
  MetricsWriter writer(folder / "m.jsonl", 10);
  writer.write(step_at(11));
  EXPECT_EQ(steps_of(folder / "m.jsonl"), (std::vector<int64_t>{11}));
}

TEST(Metrics, ResumingKeepsLinesOfOtherTools) {
  TestFolder folder;
  const auto path = folder / "m.jsonl";
  write_text(path, "{\"type\":\"note\",\"text\":\"hello\"}\n{\"type\":\"note\",\"step\":3}\n");
  { MetricsWriter writer(path, 2); }
  EXPECT_EQ(read_file(path), "{\"type\":\"note\",\"text\":\"hello\"}\n");
}

TEST(Metrics, ALastLineWithoutNewlineCountsWhenComplete) {
  TestFolder folder;
  const auto path = folder / "m.jsonl";
  { MetricsWriter(path).write(step_at(1)); }
  std::string text = read_file(path);
  text.pop_back();
  write_text(path, text);
  { MetricsWriter(path, 1).write(step_at(2)); }
  EXPECT_EQ(steps_of(path), (std::vector<int64_t>{1, 2}));
}

TEST(Metrics, ABadLineInTheMiddleIsNamed) {
  TestFolder folder;
  const auto path = folder / "m.jsonl";
  for (const char* bad :
       {"{\"type\":\"train\",", "[1]", "{\"type\":\"train\",\"step\":1.5}",
        "{\"type\":\"train\",\"step\":1,\"tokens\":1,\"target_tokens\":1,\"loss\":\"high\"}", "{\"type\":\"valid\"}"}) {
    write_text(path, "{\"type\":\"x\"}\n" + std::string(bad) + "\n{\"type\":\"x\"}\n");
    try {
      read_metrics(path);
      FAIL() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::format) << bad;
      EXPECT_NE(std::string(error.what()).find("m.jsonl:2"), std::string::npos) << error.what();
    }
  }
}

TEST(Metrics, AMissingFileOrFolderIsAnError) {
  TestFolder folder;
  EXPECT_THROW(read_metrics(folder / "none.jsonl"), Error);
  EXPECT_THROW(MetricsWriter(folder / "no/such/folder.jsonl"), Error);
}

}  // namespace
}  // namespace temper::train
