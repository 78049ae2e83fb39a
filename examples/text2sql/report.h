#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataset.h"
#include "scoring.h"

namespace temper::text2sql {

/// Correct answers out of all.
struct Tally {
  size_t correct = 0, total = 0;
  double accuracy() const { return total == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(total); }
};

/// The scores of a set of predictions.
struct Report {
  Tally all;
  std::map<std::string, Tally> by_shape;
  std::vector<Verdict> verdicts;  // one an example
};

/// Judges one reply an example, in order. Throws Error{data} when their numbers differ.
Report score(const std::vector<Example>& examples, const std::vector<std::string>& replies);

/// The report for a person: a line a shape, the total, and the first `show` wrong answers.
std::string to_text(const Report& report, const std::vector<Example>& examples, const std::vector<std::string>& replies,
                    size_t show);

/// {"execution_accuracy", "correct", "total", "shapes": {name: {"execution_accuracy", "correct", "total"}}} on one
/// line.
std::string to_json_line(const Report& report);

}  // namespace temper::text2sql
