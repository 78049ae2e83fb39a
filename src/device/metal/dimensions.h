#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "temper/shape.h"

namespace temper::metal {

/// The dimensions of layouts of one shape, innermost first, as kernels walk them: extents of 1 are left out, and
/// neighbours over which every layout goes on evenly are one.
class CommonDimensions {
 public:
  explicit CommonDimensions(std::initializer_list<const Layout*> layouts) : strides_(layouts.size()) {
    const Shape& shape = (*layouts.begin())->shape;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      if (shape[d] == 1) continue;
      bool goes_on = !extents_.empty();
      size_t i = 0;
      for (const Layout* layout : layouts) {
        const int64_t stride = layout->strides[static_cast<size_t>(d)];
        goes_on = goes_on && stride == strides_[i].back() * extents_.back();
        ++i;
      }
      if (goes_on) {
        extents_.back() *= shape[d];
        continue;
      }
      extents_.push_back(shape[d]);
      i = 0;
      for (const Layout* layout : layouts) strides_[i++].push_back(layout->strides[static_cast<size_t>(d)]);
    }
    if (extents_.empty()) {  // one element
      extents_.push_back(1);
      for (auto& strides : strides_) strides.push_back(1);
    }
  }

  int rank() const { return static_cast<int>(extents_.size()); }
  const std::vector<int64_t>& extents() const { return extents_; }
  const std::vector<int64_t>& strides(size_t layout) const { return strides_[layout]; }

  /// Into the fields of a kernel's parameters; the rank.
  uint32_t write(std::span<uint32_t, 8> extents, std::initializer_list<std::span<int32_t, 8>> strides) const {
    for (size_t d = 0; d < extents_.size(); ++d) extents[d] = static_cast<uint32_t>(extents_[d]);
    size_t i = 0;
    for (std::span<int32_t, 8> to : strides) {
      for (size_t d = 0; d < extents_.size(); ++d) to[d] = static_cast<int32_t>(strides_[i][d]);
      ++i;
    }
    return static_cast<uint32_t>(extents_.size());
  }

 private:
  std::vector<int64_t> extents_;
  std::vector<std::vector<int64_t>> strides_;
};

}  // namespace temper::metal
