#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace temper {

/// Up to 8 extents, outermost first. The empty shape is a scalar of one element.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> extents);
  explicit Shape(std::span<const int64_t> extents);

  int rank() const { return rank_; }
  /// Extent of a dimension; negative indices count from the last.
  int64_t operator[](int dimension) const { return extents_[static_cast<size_t>(index(dimension))]; }
  void set(int dimension, int64_t extent) { extents_[static_cast<size_t>(index(dimension))] = extent; }
  int64_t elements() const;
  std::span<const int64_t> extents() const { return {extents_.data(), static_cast<size_t>(rank_)}; }
  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + rank_; }

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  int index(int dimension) const;

  std::array<int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

/// "[2,3]".
std::string to_string(const Shape& shape);

/// Where the elements of a shape lie in a buffer: strides and offset count elements, a stride of 0 broadcasts.
struct Layout {
  Shape shape;
  std::array<int64_t, Shape::kMaxRank> strides{};
  int64_t offset = 0;

  static Layout contiguous(const Shape& shape);
  bool is_contiguous() const;
  /// One past the highest element index touched, counted from the buffer's start; 0 for an empty shape.
  int64_t end() const;

  Layout transposed(int dim_a, int dim_b) const;
  /// Elements [begin, end) of one dimension.
  Layout sliced(int dimension, int64_t begin, int64_t end) const;
  /// Numpy's broadcasting rule: aligned from the last dimension, extents equal or 1. Throws Error{shape_mismatch}.
  Layout broadcast_to(const Shape& target) const;
};

/// The shape both operands broadcast to. Throws Error{shape_mismatch} naming `op`.
Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view op);

}  // namespace temper
