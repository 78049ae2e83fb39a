#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataset.h"

namespace temper::text2sql {

/// A query with its names, numbers and strings replaced by numbered slots: `SELECT {c0} FROM {t0} WHERE {c1} > {n0}`.
/// The same name gets the same slot. Names are those of the example's schema; {k0} is a column of both tables.
std::string template_of(const Example& example);

/// The majority-template baseline: what a system scores that always writes the most frequent kind of query and copies
/// names and values out of the question.
class Baseline {
 public:
  /// Keeps the most frequent template of the training set; of equally frequent ones the first in alphabetical order.
  explicit Baseline(const std::vector<Example>& train);

  const std::string& majority_template() const { return template_; }
  size_t frequency() const { return frequency_; }

  /// Fills the template from the prompt: tables and columns of the schema in the order in which the question mentions
  /// them, then those it doesn't mention; the key that two tables share; the question's numbers and quoted strings in
  /// order.
  std::string predict(std::string_view prompt) const;

 private:
  std::string template_;
  size_t frequency_ = 0;
};

}  // namespace temper::text2sql
