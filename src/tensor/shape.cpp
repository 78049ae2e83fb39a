#include "temper/shape.h"

#include <algorithm>

#include "base/fail.h"
#include "temper/device.h"
#include "temper/dtype.h"

namespace temper {

std::string to_string(Device device) {
  const char* name = device.type == DeviceType::cpu ? "cpu" : device.type == DeviceType::metal ? "metal" : "cuda";
  return fmt::format("{}:{}", name, device.index);
}

Shape::Shape(std::initializer_list<int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const int64_t> extents) {
  if (extents.size() > kMaxRank)
    fail(ErrorCode::shape_mismatch, "shape: {} dimensions are more than the {} supported", extents.size(), kMaxRank);
  int64_t bytes = size_of(DType::f64);  // of the largest element type, so that no tensor's size overflows
  for (const int64_t extent : extents) {
    if (extent < 0) fail(ErrorCode::shape_mismatch, "shape: negative extent {}", extent);
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(extent, 1), &bytes))
      fail(ErrorCode::shape_mismatch, "shape: {} elements are more than 64 bits of memory address",
           fmt::join(extents, " x "));
    extents_[static_cast<size_t>(rank_++)] = extent;
  }
}

int Shape::index(int dimension) const {
  const int i = dimension < 0 ? dimension + rank_ : dimension;
  if (i < 0 || i >= rank_)
    fail(ErrorCode::shape_mismatch, "shape: dimension {} of {} does not exist", dimension, to_string(*this));
  return i;
}

int64_t Shape::elements() const {
  int64_t n = 1;
  for (const int64_t extent : extents()) n *= extent;
  return n;
}

bool operator==(const Shape& a, const Shape& b) {
  return std::ranges::equal(a.extents(), b.extents());
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.extents(), ","));
}

Layout Layout::contiguous(const Shape& shape) {
  Layout layout{shape, {}, 0};
  int64_t stride = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    layout.strides[static_cast<size_t>(d)] = stride;
    stride *= shape[d];
  }
  return layout;
}

bool Layout::is_contiguous() const {
  if (shape.elements() == 0) return true;
  int64_t expected = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    if (shape[d] != 1 && strides[static_cast<size_t>(d)] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

int64_t Layout::end() const {
  int64_t last = offset;
  for (int d = 0; d < shape.rank(); ++d) {
    if (shape[d] == 0) return 0;
    last += (shape[d] - 1) * strides[static_cast<size_t>(d)];
  }
  return last + 1;
}

Layout Layout::transposed(int dim_a, int dim_b) const {
  Layout result = *this;
  const int a = dim_a < 0 ? dim_a + shape.rank() : dim_a;
  const int b = dim_b < 0 ? dim_b + shape.rank() : dim_b;
  result.shape.set(a, shape[b]);
  result.shape.set(b, shape[a]);
  std::swap(result.strides[static_cast<size_t>(a)], result.strides[static_cast<size_t>(b)]);
  return result;
}

Layout Layout::sliced(int dimension, int64_t begin, int64_t end) const {
  const int d = dimension < 0 ? dimension + shape.rank() : dimension;
  if (begin < 0 || end < begin || end > shape[d])
    fail(ErrorCode::shape_mismatch, "slice: [{}, {}) lies outside of dimension {} of {}", begin, end, dimension,
         to_string(shape));
  Layout result = *this;
  result.shape.set(d, end - begin);
  result.offset += begin * strides[static_cast<size_t>(d)];
  return result;
}

Layout Layout::broadcast_to(const Shape& target) const {
  const int extra = target.rank() - shape.rank();
  Layout result{target, {}, offset};
  for (int d = 0; d < shape.rank(); ++d) {
    if (extra < 0 || (shape[d] != target[d + extra] && shape[d] != 1))
      fail(ErrorCode::shape_mismatch, "broadcast: {} does not broadcast to {}", to_string(shape), to_string(target));
    result.strides[static_cast<size_t>(d + extra)] = shape[d] == 1 ? 0 : strides[static_cast<size_t>(d)];
  }
  return result;
}

Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view op) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<int64_t, Shape::kMaxRank> extents{};
  for (int i = 1; i <= rank; ++i) {
    const int64_t ea = i <= a.rank() ? a[-i] : 1, eb = i <= b.rank() ? b[-i] : 1;
    if (ea != eb && ea != 1 && eb != 1)
      fail(ErrorCode::shape_mismatch, "{}: {} and {} do not broadcast: {} against {} in dimension {} from the last", op,
           to_string(a), to_string(b), ea, eb, i);
    extents[static_cast<size_t>(rank - i)] = ea == 1 ? eb : ea;
  }
  return Shape(std::span(extents.data(), static_cast<size_t>(rank)));
}

}  // namespace temper
