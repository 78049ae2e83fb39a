#pragma once

#include <string>
#include <vector>

#include "bench/run.h"

// Results as a table, as JSON, and against earlier ones.
namespace temper::bench {

/// "12.3 us".
std::string time_text(double seconds);
/// The heading of table_row()'s columns.
std::string table_heading(bool alone, bool peer);
/// A line: time and spread, rate, share of the limit, and what else was measured.
std::string table_row(const Result& result, bool alone, bool peer);

OrderedJson to_json(const Result& result);
OrderedJson to_json(const Limits& limits);

/// A case whose new median is more than 5 % above the old one, and whose fastest tenth is slower than the old slowest
/// tenth; or the other way round.
struct Change {
  std::string name;
  double ratio = 1;  ///< new median by the old one
};
struct Comparison {
  std::vector<Change> slower, faster;
  std::vector<std::string> missing;  ///< cases of the old run that the new one lacks
  int compared = 0;
};
/// `old_results`: what an earlier run printed with --json. Throws Error{format} for another file.
Comparison compare(const Json& old_results, const std::vector<Result>& results);

}  // namespace temper::bench
