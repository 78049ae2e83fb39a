#pragma once

#include <string>

#include "train/report/html_report.h"

// The parts of the page, each an HTML fragment; empty when there is nothing to show.
namespace temper::train {

/// Title, what happened in one sentence, the headline numbers, warnings.
std::string header_section(const ReportData& data);
/// Loss, learning rate, gradient norm, speed.
std::string curves_section(const ReportData& data);
/// What was trained on: the table of splits, lengths, where the tokens of a step went.
std::string data_section(const ReportData& data);
/// The model's replies before and after.
std::string samples_section(const ReportData& data);
/// Commands for the adapter, the command of the run, hyper-parameters.
std::string usage_section(const ReportData& data);

}  // namespace temper::train
