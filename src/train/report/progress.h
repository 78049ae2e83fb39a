#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "train/report/metrics.h"

namespace temper::train {

/// Where progress goes; injected by tests.
struct ProgressOutput {
  bool terminal = false;                        ///< one live line, or plain lines
  std::function<void(std::string_view)> write;  ///< text as is
  std::function<int()> width;                   ///< columns of the terminal now
  std::function<double()> now_s;                ///< monotonic clock, seconds
};

/// Standard error, the steady clock, the terminal's own width.
ProgressOutput stderr_progress_output();

/// Shows how a training run goes: step of total, smoothed loss, learning rate, tokens/s, time left, last validation
/// loss. On a terminal one line, redrawn at most ten times a second and never wider than the terminal; elsewhere plain
/// lines: every step of a run of at most 20 steps, else the first, the last, and one about every five seconds.
/// Not thread-safe.
class Progress {
 public:
  /// `first_step`: steps done before this process started (a resumed run); the time left is computed without them.
  Progress(ProgressOutput output, int64_t total_steps, int64_t first_step = 0);
  /// Leaves the terminal on a fresh line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(const StepMetrics& metrics);
  /// A line of its own: `valid  step 100  loss 1.234  perplexity 3.43`.
  void eval(const EvalMetrics& metrics);
  /// While something other than steps takes time ("evaluating 12/40", "saving"): shown on the live line only.
  void activity(std::string_view text);
  /// A line that stays; the live line is redrawn below it.
  void note(std::string_view line);
  /// Prints the last state for good. Further calls do nothing.
  void finish();

 private:
  std::string status(int width) const;
  void redraw(bool force);
  void erase();

  ProgressOutput out_;
  int64_t total_, first_;
  StepMetrics last_;
  std::string activity_;
  double started_s_ = 0, drawn_s_ = 0, smoothed_loss_ = 0, smoothed_ms_ = 0, valid_loss_ = 0;
  bool has_step_ = false, has_valid_ = false, drawn_ = false, finished_ = false;
};

}  // namespace temper::train
