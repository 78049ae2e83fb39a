#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "train/report/metrics.h"

namespace temper::train {

/// What was read of one file of the data set.
struct SplitStats {
  std::string name = {};                  ///< train, valid, test
  int64_t rows = 0;                       ///< rows used
  int64_t tokens = 0;                     ///< input tokens of all rows, unpadded, after cutting
  int64_t trained_tokens = 0;             ///< tokens that count in the loss
  int64_t rows_cut = 0;                   ///< rows longer than the limit, cut to it
  int64_t rows_skipped = 0;               ///< rows left out (no trainable token)
  double padding_waste = 0;               ///< padding / (tokens + padding) over one epoch's batches, 0..1
  std::vector<int64_t> row_lengths = {};  ///< tokens a row, for the histogram
};

/// One prompt answered by the base model and by the adapter.
struct ReportSample {
  std::string prompt = {}, before = {}, after = {};
  std::string expected = {};  ///< may be empty
};

/// A number for the top of the page, such as {"Execution accuracy", "96.5 %", "0.0 % before"}.
struct ReportHeadline {
  std::string label = {}, value = {}, note = {};
};

/// Everything the report shows. Empty strings, zero numbers and empty lists are left out of the page.
struct ReportData {
  std::string title = {}, model = {}, adapter_path = {}, command_line = {}, dtype = {}, machine = {};
  std::string created = {};                                                ///< date and time as text
  std::vector<ReportHeadline> headlines = {};                              ///< beside those the report works out itself
  std::vector<std::pair<std::string, std::string>> hyper_parameters = {};  ///< in the order shown
  std::vector<StepMetrics> steps = {};
  std::vector<EvalMetrics> evals = {};
  std::vector<SplitStats> splits = {};
  int64_t trainable_parameters = 0, total_parameters = 0;
  double train_seconds = 0;  ///< optimizer steps only
  double total_seconds = 0;  ///< with loading, evaluation and saving
  double tokens_per_s = 0;   ///< unpadded input tokens, without evaluation, saving and step 1
  double peak_rss_bytes = 0;
  std::vector<ReportSample> samples = {};
  std::vector<std::string> notes = {};  ///< sentences: warnings, an interruption
};

/// One self-contained HTML page (no external resource; readable without JavaScript). Data may be partial, long
/// (curves are thinned keeping their extremes) or hostile (all text is escaped).
std::string render_report(const ReportData& data);

/// render_report into a file, replaced atomically. Throws Error{io}.
void write_report(const std::filesystem::path& path, const ReportData& data);

/// Puts a number at the head of a report that write_report wrote, in front of the others; one with the same label is
/// replaced. For results that are known after the run only, such as a score on a test set. Throws Error{not_found, io},
/// and Error{format} when the file is no such report.
void add_headline(const std::filesystem::path& path, const ReportHeadline& added);

}  // namespace temper::train
