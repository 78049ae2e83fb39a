// Layouts of views against arrays that are really rearranged.
#include <algorithm>
#include <functional>
#include <numeric>

#include "support/property.h"
#include "temper/shape.h"

namespace temper {
namespace {

using testing::expect_property;
using testing::pick;

/// A row-major array of element numbers: what a view should show.
struct Array {
  Shape shape;
  std::vector<int64_t> values;
};

/// Calls f(index) for every index of a shape in row-major order.
template <class F>
void for_each_index(const Shape& shape, F&& f) {
  std::vector<int64_t> index(static_cast<size_t>(shape.rank()), 0);
  for (int64_t i = 0; i < shape.elements(); ++i) {
    f(index);
    for (int d = shape.rank() - 1; d >= 0; --d) {
      if (++index[static_cast<size_t>(d)] < shape[d]) break;
      index[static_cast<size_t>(d)] = 0;
    }
  }
}

int64_t value_at(const Array& array, const std::vector<int64_t>& index) {
  int64_t at = 0;
  for (int d = 0; d < array.shape.rank(); ++d) at = at * array.shape[d] + index[static_cast<size_t>(d)];
  return array.values[static_cast<size_t>(at)];
}

std::vector<int64_t> elements_of(const Layout& layout) {
  std::vector<int64_t> values;
  for_each_index(layout.shape, [&](const auto& index) {
    int64_t at = layout.offset;
    for (size_t d = 0; d < index.size(); ++d) at += index[d] * layout.strides[d];
    values.push_back(at);
  });
  return values;
}

Shape some_shape(int max_rank) {
  std::vector<int64_t> extents;
  for (int d = pick(0, max_rank); d > 0; --d) extents.push_back(pick<int64_t>(pick(0, 8) == 0 ? 0 : 1, 4));
  return Shape(extents);
}

Array rearranged(const Shape& shape, const Array& from,
                 const std::function<std::vector<int64_t>(std::vector<int64_t>)>& source) {
  Array result{shape, {}};
  for_each_index(shape, [&](const auto& index) { result.values.push_back(value_at(from, source(index))); });
  return result;
}

TEST(LayoutProperty, ChainsOfViewsShowTheElementsThatCopiesWould) {
  expect_property([] {
    const Shape shape = some_shape(4);
    Layout layout = Layout::contiguous(shape);
    Array array{shape, std::vector<int64_t>(static_cast<size_t>(shape.elements()))};
    std::iota(array.values.begin(), array.values.end(), 0);
    for (int step = pick(0, 5); step > 0; --step) {
      const int rank = array.shape.rank();
      const int kind = pick(0, 2);
      if (kind == 0 && rank > 0) {
        const int a = pick(-rank, rank - 1), b = pick(-rank, rank - 1);
        layout = layout.transposed(a, b);
        array = rearranged(layout.shape, array, [&](std::vector<int64_t> index) {
          std::swap(index[static_cast<size_t>((a + rank) % rank)], index[static_cast<size_t>((b + rank) % rank)]);
          return index;
        });
      } else if (kind == 1 && rank > 0) {
        const int d = pick(-rank, rank - 1);
        const auto begin = pick<int64_t>(0, array.shape[d]), end = pick<int64_t>(begin, array.shape[d]);
        layout = layout.sliced(d, begin, end);
        array = rearranged(layout.shape, array, [&](std::vector<int64_t> index) {
          index[static_cast<size_t>((d + rank) % rank)] += begin;
          return index;
        });
      } else if (kind == 2 && rank < 6) {
        std::vector<int64_t> target;
        if (pick(0, 1)) target.push_back(pick<int64_t>(1, 3));
        const size_t extra = target.size();
        for (const int64_t extent : array.shape) target.push_back(extent == 1 ? pick<int64_t>(0, 3) : extent);
        layout = layout.broadcast_to(Shape(target));
        const Shape before = array.shape;
        array = rearranged(layout.shape, array, [&](const std::vector<int64_t>& index) {
          std::vector<int64_t> source(index.begin() + static_cast<std::ptrdiff_t>(extra), index.end());
          for (size_t i = 0; i < source.size(); ++i)
            if (before[static_cast<int>(i)] == 1) source[i] = 0;
          return source;
        });
      }
      const std::vector<int64_t> seen = elements_of(layout);
      RC_ASSERT(layout.shape == array.shape);
      RC_ASSERT(seen == array.values);
      RC_ASSERT(layout.end() == (seen.empty() ? 0 : *std::ranges::max_element(seen) + 1));
      std::vector<int64_t> row_major(seen.size());
      std::iota(row_major.begin(), row_major.end(), layout.offset);
      // Of an empty array or one element any strides will do.
      RC_ASSERT(layout.is_contiguous() == (seen == row_major));
    }
  });
}

TEST(LayoutProperty, BroadcastShapesAgreeWithBroadcastingEachSide) {
  expect_property([] {
    const Shape a = some_shape(4), b = some_shape(4);
    bool fits = true;
    for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) fits = fits && (a[-i] == b[-i] || a[-i] == 1 || b[-i] == 1);
    if (!fits) {
      RC_ASSERT_THROWS(broadcast_shapes(a, b, "test"));
      return;
    }
    const Shape both = broadcast_shapes(a, b, "test");
    RC_ASSERT(both == broadcast_shapes(b, a, "test"));
    RC_ASSERT(both.rank() == std::max(a.rank(), b.rank()));
    RC_ASSERT(Layout::contiguous(a).broadcast_to(both).shape == both);
    RC_ASSERT(Layout::contiguous(b).broadcast_to(both).shape == both);
    for (int i = 1; i <= both.rank(); ++i) {
      const bool from_a = i <= a.rank() && both[-i] == a[-i], from_b = i <= b.rank() && both[-i] == b[-i];
      RC_ASSERT(from_a || from_b);
    }
  });
}

}  // namespace
}  // namespace temper
