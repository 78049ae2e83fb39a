#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "train/report/append_file.h"

namespace temper::train {

/// What one optimizer step measured.
struct StepMetrics {
  int64_t step = 0;           ///< 1-based: the first optimizer step is 1
  double loss = 0;            ///< mean negative log-likelihood of the step's target tokens, nats
  double lr = 0;              ///< learning rate used by the step
  double grad_norm = 0;       ///< global L2 norm before clipping
  int64_t tokens = 0;         ///< unpadded input tokens
  int64_t target_tokens = 0;  ///< tokens that count in the loss
  double step_ms = 0;         ///< wall time of the step without evaluation and saving
  double tokens_per_s = 0;    ///< tokens / step time
  double peak_rss_bytes = 0;  ///< highest resident memory of the process so far
};

/// One evaluation on the validation split, after `step` optimizer steps (0: before training).
struct EvalMetrics {
  int64_t step = 0;
  double loss = 0;  ///< mean negative log-likelihood of all target tokens, nats
  double perplexity = 0;
  int64_t target_tokens = 0;
};

/// The contents of a metrics.jsonl, each kind in the order of its lines.
struct MetricsHistory {
  std::vector<StepMetrics> steps;
  std::vector<EvalMetrics> evals;
};

/// Reads a metrics file. A torn last line (a killed run) is left out; lines of unknown "type" and unknown keys are
/// skipped; null reads as NaN. Throws Error{not_found, io}, and Error{format} `file:line: ...` for any other bad line.
MetricsHistory read_metrics(const std::filesystem::path& path);

/// Appends one JSON object a line to a metrics file; each line is handed to the system at once, so that a killed
/// process loses none. Lines: {"type":"train","step":...} and {"type":"valid","step":...}, the fields named as in the
/// structs; non-finite numbers are null. Throws Error{io} when a write fails.
///
/// Order for exact resume: write the step's lines, sync(), commit the checkpoint.
class MetricsWriter {
 public:
  /// Starts a file anew (`resumed_step` < 0: what was there is replaced), or continues one: lines with a step beyond
  /// `resumed_step` and a torn last line are removed, so that a resumed run has every step exactly once. A file that
  /// is missing is started.
  explicit MetricsWriter(const std::filesystem::path& path, int64_t resumed_step = -1);

  void write(const StepMetrics& metrics);
  void write(const EvalMetrics& metrics);

  /// fsync, so that the lines survive a power cut.
  void sync();

 private:
  AppendFile file_;
};

}  // namespace temper::train
