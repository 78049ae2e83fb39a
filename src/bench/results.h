#pragma once

#include <string>
#include <vector>

#include "bench/run.h"

// Results as a table and as JSON.
namespace temper::bench {

/// "12.3 us".
std::string time_text(double seconds);
/// The heading of table_row()'s columns.
std::string table_heading(bool alone, bool peer);
/// A line: time and spread, rate, share of the limit, and what else was measured.
std::string table_row(const Result& result, bool alone, bool peer);

OrderedJson to_json(const Result& result);
OrderedJson to_json(const Limits& limits);

}  // namespace temper::bench
