#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

/// Insertions, deletions and substitutions between two words (Levenshtein 1966).
inline size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// The candidates nearest to a mistyped word, best first.
inline std::vector<std::string> near_matches(std::string_view word, std::vector<std::string> candidates, size_t count) {
  std::ranges::sort(candidates);
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::ranges::stable_sort(candidates, {}, [&](const std::string& c) { return edit_distance(word, c); });
  if (candidates.size() > count) candidates.resize(count);
  return candidates;
}

}  // namespace temper
