// 8x8 matrices that a SIMD-group holds together, two elements of a row in each lane.
// Source of names and meanings: the Metal Shading Language Specification, version 3.1.
#pragma once
#include "threads.h"

namespace metal {

template <class T, int Columns, int Rows>
struct simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8 x 8");
  static_assert(is_floating_point_v<T>, "simdgroup_matrix is of float, half or bfloat");
  vec<T, 2> elements;
  using storage_type = vec<T, 2>;
  simdgroup_matrix() = default;
  METALHOST_INLINE explicit simdgroup_matrix(T diagonal) {
    for (int i = 0; i < 2; ++i) elements[i] = row() == column() + i ? diagonal : T(0);
  }
  METALHOST_INLINE vec<T, 2>& thread_elements() { return elements; }
  METALHOST_INLINE const vec<T, 2>& thread_elements() const { return elements; }
  static METALHOST_INLINE int row() {
    int lane = detail::lane();
    return ((lane / 4) & 4) + (lane / 2) % 4;
  }
  static METALHOST_INLINE int column() {
    int lane = detail::lane();
    return ((lane / 4) & 2) * 2 + (lane % 2) * 2;
  }
};
using simdgroup_float8x8 = simdgroup_matrix<float, 8, 8>;
using simdgroup_half8x8 = simdgroup_matrix<half, 8, 8>;
using simdgroup_bfloat8x8 = simdgroup_matrix<bfloat, 8, 8>;
template <class T, int C, int R = C>
METALHOST_INLINE simdgroup_matrix<T, C, R> make_filled_simdgroup_matrix(T v) {
  simdgroup_matrix<T, C, R> m;
  m.elements = vec<T, 2>(v);
  return m;
}
template <class T>
METALHOST_INLINE void simdgroup_load(simdgroup_matrix<T, 8, 8>& m, const T* p, ulong stride = 8,
                                     ulong2 origin = ulong2(0ul), bool transposed = false) {
  metalhost_collective(true);
  for (int i = 0; i < 2; ++i) {
    ulong row = ulong(m.row()), column = ulong(m.column() + i);
    m.elements[i] = p[(origin.y + (transposed ? column : row)) * stride + origin.x + (transposed ? row : column)];
  }
  metalhost_collective(false);
}
template <class T>
METALHOST_INLINE void simdgroup_store(const simdgroup_matrix<T, 8, 8>& m, T* p, ulong stride = 8,
                                      ulong2 origin = ulong2(0ul), bool transposed = false) {
  metalhost_collective(true);
  for (int i = 0; i < 2; ++i) {
    ulong row = ulong(m.row()), column = ulong(m.column() + i);
    p[(origin.y + (transposed ? column : row)) * stride + origin.x + (transposed ? row : column)] = m.elements[i];
  }
  metalhost_collective(false);
}
template <class D, class A, class B, class C>
METALHOST_INLINE void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a,
                                                    const simdgroup_matrix<B, 8, 8>& b,
                                                    const simdgroup_matrix<C, 8, 8>& c, METALHOST_SITE) {
  float in[6] = {float(a.elements[0]), float(a.elements[1]), float(b.elements[0]),
                 float(b.elements[1]), float(c.elements[0]), float(c.elements[1])};
  float out[2];
  metalhost::runtime->multiply_accumulate(in, out, {"simdgroup_multiply_accumulate", file_, line_});
  for (int i = 0; i < 2; ++i) d.elements[i] = D(out[i]);
}
template <class D, class A, class B>
METALHOST_INLINE void simdgroup_multiply(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a,
                                         const simdgroup_matrix<B, 8, 8>& b, METALHOST_SITE) {
  simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<D, 8>(D(0)), file_, line_);
}
template <class T>
METALHOST_INLINE simdgroup_matrix<T, 8, 8> operator*(const simdgroup_matrix<T, 8, 8>& a,
                                                     const simdgroup_matrix<T, 8, 8>& b) {
  simdgroup_matrix<T, 8, 8> product;
  simdgroup_multiply(product, a, b);
  return product;
}

}  // namespace metal
