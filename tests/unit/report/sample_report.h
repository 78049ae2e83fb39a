#pragma once

#include "train/report/html_report.h"

namespace temper::train::testing {

/// A report as the text-to-SQL demo would write it: seeded, the same on every machine.
ReportData sample_report(int64_t steps = 600);

/// Parts of data that try to break the page: markup in every text, malformed UTF-8, numbers that aren't finite.
ReportData hostile_report();

}  // namespace temper::train::testing
