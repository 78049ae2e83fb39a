#pragma once

#include <algorithm>
#include <iterator>
#include <vector>

namespace temper::text::jinja {

/// Sorts stably. Unlike std::sort it stays within bounds when `less` is inconsistent, as Python's < is with NaN.
template <class T, class Less>
void merge_sort(std::vector<T>& items, Less less) {
  std::vector<T> merged;
  for (size_t width = 1; width < items.size(); width *= 2) {
    merged.clear();
    merged.reserve(items.size());
    for (size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const auto at = [&](size_t index) {
        return std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(std::min(index, items.size())));
      };
      std::merge(at(begin), at(begin + width), at(begin + width), at(begin + 2 * width), std::back_inserter(merged),
                 less);
    }
    items.swap(merged);
  }
}

}  // namespace temper::text::jinja
