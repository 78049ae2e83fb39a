#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "train/report/metrics.h"

namespace temper::train {

/// Where progress goes; injected by tests.
struct ProgressOutput {
  bool terminal = false;                             ///< one live line, or plain lines
  std::function<void(std::string_view)> write = {};  ///< text as is
  std::function<int()> width = {};                   ///< columns of the terminal now
  std::function<double()> now_s = {};                ///< monotonic clock, seconds
};

/// Standard error, the steady clock, the terminal's own width.
ProgressOutput stderr_progress_output();

/// Shows how a training run goes: step of total, smoothed loss, learning rate, tokens/s, time left, last validation
/// loss. On a terminal one line, redrawn at most ten times a second and never wider than the terminal; elsewhere plain
/// lines: every step of a run of at most 20 steps, else the first, the last, and one every 5 s that becomes one a
/// minute in the course of a long run. Not thread-safe.
class Progress {
 public:
  /// `total_steps`: 0 when unknown. `first_step`: steps done before this process started (a resumed run).
  Progress(ProgressOutput output, int64_t total_steps, int64_t first_step = 0);
  /// Leaves the terminal on a fresh line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(const StepMetrics& metrics);

  /// A line that stays: `valid  step 100  loss 1.234  perplexity 3.43`.
  void eval(const EvalMetrics& metrics);

  /// What takes time other than steps ("evaluating 12/40", "saving"), on the live line until the next step.
  void activity(std::string_view text);

  /// A line that stays, above the live line. Use it instead of the log while a live line is shown.
  void note(std::string_view line);

  /// Leaves the last state on screen. Later calls of any member do nothing.
  void finish();

 private:
  void smooth(const StepMetrics& metrics);
  double seconds_left() const;
  std::string plain_line() const;
  std::string live_line(int width) const;
  void draw();
  void erase();

  ProgressOutput out_;
  int64_t total_, first_;

  StepMetrics last_;
  int64_t seen_ = 0;         // steps of this process
  double first_done_s_ = 0;  // when its first step was done
  double smoothed_loss_ = 0, smoothed_tokens_ = 0, smoothed_ms_ = 0;
  double valid_loss_ = 0;
  bool has_valid_ = false;
  std::string activity_;

  double shown_s_ = 0;  // when the live line was drawn, or the last plain line printed
  bool live_ = false;   // a live line is on screen
  bool last_shown_ = false;
  bool finished_ = false;
};

}  // namespace temper::train
