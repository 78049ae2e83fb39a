#include "temper/shape.h"

#include <gtest/gtest.h>

#include "temper/error.h"

namespace temper {
namespace {

TEST(Shape, WhoseBytesOverflowIsRefused) {
  const int64_t large = int64_t{1} << 30;
  EXPECT_NO_THROW((Shape{large, large - 1}));
  // 2^61 elements can still be counted, but not the bytes of as many f64.
  EXPECT_THROW((Shape{large, large, 2}), Error);
  EXPECT_THROW((Shape{large, large, large}), Error);
  EXPECT_THROW((Shape{0, large, large, large}), Error) << "a product that passes through an empty dimension";
}

TEST(Shape, NegativeExtentsAndTooManyDimensionsAreRefused) {
  EXPECT_THROW((Shape{2, -1}), Error);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);
}

TEST(Layout, AnEmptyViewIsContiguousWhateverItsStrides) {
  EXPECT_TRUE((Layout::contiguous({3, 4}).transposed(0, 1).sliced(0, 2, 2).is_contiguous()));
}

}  // namespace
}  // namespace temper
