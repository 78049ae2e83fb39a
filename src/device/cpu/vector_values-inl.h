// Vectors of f32 from values of any compute type, for files that Highway compiles once for each instruction set: such a
// file includes this after hwy/foreach_target.h.
#if defined(TEMPER_DEVICE_CPU_VECTOR_VALUES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TEMPER_DEVICE_CPU_VECTOR_VALUES_INL_H_
#undef TEMPER_DEVICE_CPU_VECTOR_VALUES_INL_H_
#else
#define TEMPER_DEVICE_CPU_VECTOR_VALUES_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "tensor/half.h"

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

inline HWY_ATTR int64_t lanes() {
  return static_cast<int64_t>(hn::Lanes(D()));
}

inline HWY_ATTR V load(const float* x) {
  return hn::LoadU(D(), x);
}
inline HWY_ATTR V load(const bf16_t* x) {
  const hn::Rebind<uint16_t, D> half;
  const hn::RebindToUnsigned<D> bits;
  return hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(bits, hn::LoadU(half, &x->bits))));
}
inline HWY_ATTR V load(const f16_t* x) {
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX2  // without F16C; Highway's emulation knows no infinity
  float values[HWY_MAX_BYTES / sizeof(float)];
  for (int64_t i = 0; i < lanes(); ++i) values[i] = to_f32(x[i]);
  return hn::LoadU(D(), values);
#else
  const hn::Rebind<hwy::float16_t, D> half;
  return hn::PromoteTo(D(), hn::LoadU(half, reinterpret_cast<const hwy::float16_t*>(x)));
#endif
}

inline HWY_ATTR void store(V v, float* y) {
  hn::StoreU(v, D(), y);
}
inline HWY_ATTR void store(V v, bf16_t* y) {
  const hn::Rebind<uint16_t, D> half;
  const hn::RebindToUnsigned<D> bits;
  const auto u = hn::BitCast(bits, v);
  const auto odd = hn::And(hn::ShiftRight<16>(u), hn::Set(bits, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(u, hn::Add(odd, hn::Set(bits, 0x7fff))));
  const auto quiet = hn::Or(hn::ShiftRight<16>(u), hn::Set(bits, 0x40));
  const auto nan = hn::RebindMask(bits, hn::IsNaN(v));
  hn::StoreU(hn::TruncateTo(half, hn::IfThenElse(nan, quiet, rounded)), half, &y->bits);
}
inline HWY_ATTR void store(V v, f16_t* y) {
#if HWY_TARGET <= HWY_AVX2  // F16C rounds to nearest even; the emulation for older machines doesn't
  const hn::Rebind<hwy::float16_t, D> half;
  hn::StoreU(hn::DemoteTo(half, v), half, reinterpret_cast<hwy::float16_t*>(y));
#else
  float values[HWY_MAX_BYTES / sizeof(float)];
  hn::StoreU(v, D(), values);
  for (int64_t i = 0; i < lanes(); ++i) y[i] = to_f16(values[i]);
#endif
}

inline HWY_ATTR float sum_of(V v) {
  return hn::GetLane(hn::SumOfLanes(D(), v));
}

/// Highway's exp, which has no NaN, with NaN kept. It converts its argument to integers, so it gets none that has no
/// integer; beyond these bounds it is 0 or infinite.
inline HWY_ATTR V exp_of(V x) {
  const V bounded = hn::Min(hn::Max(x, hn::Set(D(), -110.0f)), hn::Set(D(), 100.0f));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(D(), hn::IfThenZeroElse(hn::IsNaN(x), bounded)));
}

/// Calls f(i) for whole vectors and tail(i) for the single elements after them.
template <class F, class Tail>
HWY_ATTR void for_each_vector(int64_t n, F&& f, Tail&& tail) {
  const int64_t step = lanes();
  int64_t i = 0;
  for (; i + step <= n; i += step) f(i);
  for (; i < n; ++i) tail(i);
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
