#include "train/report/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace temper::train {
namespace {

/// A terminal or a pipe that remembers what was written, and a clock set by the test.
class FakeOutput {
 public:
  explicit FakeOutput(bool terminal, int width = 80) : terminal_(terminal), width_(width) {}

  ProgressOutput output() {
    return {.terminal = terminal_,
            .write =
                [this](std::string_view text) {
                  written_ += text;
                  ++writes_;
                },
            .width = [this] { return width_; },
            .now_s = [this] { return now_s_; }};
  }

  void advance(double seconds) { now_s_ += seconds; }
  void resize(int width) { width_ = width; }
  const std::string& written() const { return written_; }
  int writes() const { return writes_; }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (size_t begin = 0, end; (end = written_.find('\n', begin)) != std::string::npos; begin = end + 1)
      lines.push_back(written_.substr(begin, end - begin));
    return lines;
  }

  /// What a terminal shows in its last row.
  std::string row() const {
    std::string row;
    for (size_t i = 0; i < written_.size(); ++i) {
      if (written_.compare(i, 3, "\x1b[K") == 0) {
        i += 2;
      } else if (written_[i] == '\r' || written_[i] == '\n') {
        row.clear();
      } else {
        row += written_[i];
      }
    }
    return row;
  }

 private:
  bool terminal_;
  int width_;
  double now_s_ = 1000;
  std::string written_;
  int writes_ = 0;
};

StepMetrics at(int64_t step, double loss = 1.5) {
  return {.step = step, .loss = loss, .lr = 9.5e-5, .grad_norm = 0.5, .tokens = 1200, .step_ms = 1000};
}

bool shows(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Progress, LiveLineShowsWhatAPersonAsksFor) {
  FakeOutput fake(true, 120);
  Progress progress(fake.output(), 600);
  progress.eval({.step = 0, .loss = 2.5, .perplexity = 12.18});
  for (int64_t s = 1; s <= 101; ++s) {
    fake.advance(1.25);
    progress.step(at(s));
  }
  const std::string row = fake.row();
  EXPECT_TRUE(shows(row, "step 101/600")) << row;
  EXPECT_TRUE(shows(row, "loss 1.5000")) << row;
  EXPECT_TRUE(shows(row, "valid 2.5000")) << row;
  EXPECT_TRUE(shows(row, "lr 9.5e-5")) << row;
  EXPECT_TRUE(shows(row, "1,200 tokens/s")) << row;
  EXPECT_TRUE(shows(row, "10 m 24 s left")) << row;  // 499 steps of 1.25 s wall time
  EXPECT_TRUE(shows(row, "[===                 ]")) << row;
}

TEST(Progress, LiveLineFitsEveryWidth) {
  for (int width = 1; width <= 160; ++width) {
    FakeOutput fake(true, width);
    Progress progress(fake.output(), 100000);
    progress.eval({.step = 0, .loss = 2.5, .perplexity = 12.18});
    progress.step(at(1));
    progress.activity("évaluation 12/40");
    const std::string row = fake.row();
    const auto columns = std::count_if(row.begin(), row.end(), [](char c) { return (c & 0xc0) != 0x80; });
    EXPECT_LE(columns, std::max(1, width - 1)) << row;
    const bool shows_the_core = shows(row, "loss 1.5000") && shows(row, " left");
    EXPECT_TRUE(shows_the_core || width <= 55) << width << ": " << row;
  }
}

TEST(Progress, LiveLineFollowsAResize) {
  FakeOutput fake(true, 120);
  Progress progress(fake.output(), 600);
  progress.step(at(1));
  const size_t wide = fake.row().size();
  fake.resize(40);
  fake.advance(1);
  progress.step(at(2));
  EXPECT_LT(fake.row().size(), 40u);
  EXPECT_GT(wide, 40u);
}

TEST(Progress, LiveLineIsDrawnAtMostTenTimesASecond) {
  FakeOutput fake(true);
  Progress progress(fake.output(), 100000);
  for (int64_t s = 1; s <= 1000; ++s) {
    progress.step(at(s));
    fake.advance(0.001);
  }
  EXPECT_LE(fake.writes(), 11);
  EXPECT_GE(fake.writes(), 9);
}

TEST(Progress, LastStepAndNonFiniteLossAreDrawnAtOnce) {
  FakeOutput fake(true);
  Progress progress(fake.output(), 3);
  progress.step(at(1));
  progress.step(at(2, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(shows(fake.row(), "loss nan")) << fake.row();
  progress.step(at(3));
  EXPECT_TRUE(shows(fake.row(), "step 3/3")) << fake.row();
}

TEST(Progress, NotesStayAboveTheLiveLine) {
  FakeOutput fake(true);
  Progress progress(fake.output(), 100);
  progress.step(at(1));
  progress.note("saved step-1");
  EXPECT_TRUE(shows(fake.written(), "\r\x1b[Ksaved step-1\n"));
  EXPECT_TRUE(shows(fake.row(), "step   1/100")) << fake.row();
}

TEST(Progress, ActivityShowsUntilTheNextStep) {
  FakeOutput fake(true);
  Progress progress(fake.output(), 100);
  progress.step(at(1));
  progress.activity("evaluating 1/4");
  EXPECT_TRUE(shows(fake.row(), "evaluating 1/4")) << fake.row();
  fake.advance(1);
  progress.step(at(2));
  EXPECT_FALSE(shows(fake.row(), "evaluating")) << fake.row();
}

TEST(Progress, FinishLeavesTheLastStateOnItsOwnLine) {
  FakeOutput fake(true, 100);
  {
    Progress progress(fake.output(), 1000);
    progress.step(at(1));
    progress.step(at(2));
  }
  EXPECT_EQ(fake.written().back(), '\n');
  EXPECT_TRUE(shows(fake.lines().back(), "step    2/1000")) << fake.lines().back();
}

TEST(Progress, LossIsSmoothed) {
  FakeOutput fake(true);
  Progress progress(fake.output(), 1000);
  for (int64_t s = 1; s <= 200; ++s) {
    fake.advance(1);
    progress.step(at(s, s % 2 == 0 ? 1.0 : 2.0));
  }
  const std::string row = fake.row();
  const double shown = std::stod(row.substr(row.find("loss ") + 5));
  EXPECT_NEAR(shown, 1.5, 0.1);
}

TEST(Progress, FirstStepDoesNotSpoilSpeedOrTimeLeft) {
  FakeOutput fake(true, 120);
  Progress progress(fake.output(), 12);
  fake.advance(60);
  StepMetrics slow = at(1);
  slow.step_ms = 60000;
  progress.step(slow);
  fake.advance(1);
  progress.step(at(2));
  EXPECT_TRUE(shows(fake.row(), "1,200 tokens/s")) << fake.row();
  EXPECT_TRUE(shows(fake.row(), "10 s left")) << fake.row();
}

TEST(Progress, AResumedRunEstimatesFromItsOwnSteps) {
  FakeOutput fake(true, 120);
  Progress progress(fake.output(), 600, 500);
  for (int64_t s = 501; s <= 511; ++s) {
    fake.advance(1);
    progress.step(at(s));
  }
  EXPECT_TRUE(shows(fake.row(), "1 m 29 s left")) << fake.row();
}

TEST(Progress, PlainLinesHaveNoControlCharacters) {
  FakeOutput fake(false);
  {
    Progress progress(fake.output(), 50);
    progress.step(at(1));
    progress.activity("evaluating");
    progress.eval({.step = 1, .loss = 1.25, .perplexity = 3.49});
    progress.note("saved");
  }
  EXPECT_EQ(fake.lines(),
            (std::vector<std::string>{"step  1/50  loss 1.5000  lr 9.5e-5  grad norm 0.5  1,200 tokens/s  49 s left",
                                      "valid  step 1  loss 1.2500  perplexity 3.49", "saved"}));
  EXPECT_EQ(fake.written().find_first_of("\r\x1b"), std::string::npos);
}

TEST(Progress, ShortRunsPrintEveryStep) {
  FakeOutput fake(false);
  Progress progress(fake.output(), 20);
  for (int64_t s = 1; s <= 20; ++s) progress.step(at(s));
  EXPECT_EQ(fake.lines().size(), 20u);
}

TEST(Progress, LongRunsPrintALineEveryFewSecondsAndTheLast) {
  FakeOutput fake(false);
  Progress progress(fake.output(), 1000);
  for (int64_t s = 1; s <= 1000; ++s) {
    progress.step(at(s));
    fake.advance(0.11);
  }
  // 110 s: the first line, one about every 5 s, and the last
  EXPECT_GE(fake.lines().size(), 20u);
  EXPECT_LE(fake.lines().size(), 24u);
  EXPECT_TRUE(shows(fake.lines().back(), "step 1000/1000")) << fake.lines().back();
}

TEST(Progress, AnHourLongLogStaysReadable) {
  FakeOutput fake(false);
  Progress progress(fake.output(), 36000);
  for (int64_t s = 1; s <= 36000; ++s) {
    progress.step(at(s));
    fake.advance(1);
  }
  EXPECT_LT(fake.lines().size(), 750u);
  EXPECT_GT(fake.lines().size(), 550u);
}

TEST(Progress, AnInterruptedPlainRunEndsWithItsLastStep) {
  FakeOutput fake(false);
  {
    Progress progress(fake.output(), 1000);
    for (int64_t s = 1; s <= 7; ++s) progress.step(at(s));
  }
  ASSERT_EQ(fake.lines().size(), 2u);
  EXPECT_TRUE(shows(fake.lines()[1], "step    7/1000")) << fake.lines()[1];
}

TEST(Progress, UnknownTotalAndNoStepsAreFine) {
  FakeOutput fake(true);
  { Progress progress(fake.output(), 0); }
  EXPECT_EQ(fake.written(), "");
  {
    Progress progress(fake.output(), 0);
    progress.step(at(5));
    EXPECT_EQ(fake.row().rfind("step 5  loss", 0), 0u) << fake.row();
  }
  FakeOutput waiting(true);
  Progress progress(waiting.output(), 10);
  progress.activity("loading");
  EXPECT_TRUE(shows(waiting.row(), "step  0/10  loading")) << waiting.row();
}

}  // namespace
}  // namespace temper::train
