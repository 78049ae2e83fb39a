// Highway compiles this file once for each instruction set below and picks the best one that the machine has.
#include "device/cpu/vector_math.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

// Between these sets nothing here would differ much, and each costs compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/vector_math.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/cache_control.h>

#include "device/cpu/vector_values-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

// kUnroll independent sums a row keep two multiply-add units busy.
template <int kRows, int kUnroll, class T>
HWY_ATTR void dot_block(const float* x, int64_t stride, const T* w, int64_t n, float* out) {
  const int64_t step = lanes();
  V sums[kRows][kUnroll];
  for (auto& row : sums)
    for (V& s : row) s = hn::Zero(D());
  int64_t i = 0;
  for (; i + kUnroll * step <= n; i += kUnroll * step)
    for (int u = 0; u < kUnroll; ++u) {
      const V wv = load(w + i + u * step);
      for (int r = 0; r < kRows; ++r) sums[r][u] = hn::MulAdd(wv, load(x + r * stride + i + u * step), sums[r][u]);
    }
  for (; i + step <= n; i += step) {
    const V wv = load(w + i);
    for (int r = 0; r < kRows; ++r) sums[r][0] = hn::MulAdd(wv, load(x + r * stride + i), sums[r][0]);
  }
  for (int r = 0; r < kRows; ++r) {
    for (int width = kUnroll / 2; width > 0; width /= 2)
      for (int u = 0; u < width; ++u) sums[r][u] = hn::Add(sums[r][u], sums[r][u + width]);
    float total = sum_of(sums[r][0]);
    for (int64_t j = i; j < n; ++j) total += to_f32(w[j]) * x[r * stride + j];
    out[r] = total;
  }
}

template <class T>
HWY_ATTR void dot_rows_of(const float* x, int64_t stride, int64_t rows, const T* w, int64_t n, float* out) {
  switch (rows) {
    case 1:
      return dot_block<1, 8>(x, stride, w, n, out);
    case 2:
      return dot_block<2, 4>(x, stride, w, n, out);
    case 3:
      return dot_block<3, 2>(x, stride, w, n, out);
    case 4:
      return dot_block<4, 2>(x, stride, w, n, out);
    case 5:
      return dot_block<5, 1>(x, stride, w, n, out);
    case 6:
      return dot_block<6, 1>(x, stride, w, n, out);
    case 7:
      return dot_block<7, 1>(x, stride, w, n, out);
    default:
      return dot_block<8, 1>(x, stride, w, n, out);
  }
}
HWY_ATTR void DotF32(const float* x, int64_t stride, int64_t rows, const float* w, int64_t n, float* out) {
  dot_rows_of(x, stride, rows, w, n, out);
}
HWY_ATTR void DotBf16(const float* x, int64_t stride, int64_t rows, const bf16_t* w, int64_t n, float* out) {
  dot_rows_of(x, stride, rows, w, n, out);
}
HWY_ATTR void DotF16(const float* x, int64_t stride, int64_t rows, const f16_t* w, int64_t n, float* out) {
  dot_rows_of(x, stride, rows, w, n, out);
}

// Rows this many values ahead are on their way: they lie too far apart for the processor to foresee.
constexpr int64_t kRowsAhead = 16;

/// kVectors x against kRows rows of w, each loaded once.
template <int kVectors, int kRows, class T>
HWY_ATTR void dot_several(const float* x, const T* w, int64_t stride, int64_t n, float* out, int64_t out_stride) {
  const int64_t step = lanes();
  V sums[kVectors][kRows];
  for (auto& row : sums)
    for (V& sum : row) sum = hn::Zero(D());
  int64_t c = 0;
  for (; c + step <= n; c += step) {
    V rows[kRows];
    for (int i = 0; i < kRows; ++i) rows[i] = load(w + i * stride + c);
    for (int v = 0; v < kVectors; ++v) {
      const V values = load(x + v * n + c);
      for (int i = 0; i < kRows; ++i) sums[v][i] = hn::MulAdd(values, rows[i], sums[v][i]);
    }
  }
  for (int v = 0; v < kVectors; ++v)
    for (int i = 0; i < kRows; ++i) {
      float total = sum_of(sums[v][i]);
      for (int64_t j = c; j < n; ++j) total += x[v * n + j] * to_f32(w[i * stride + j]);
      out[v * out_stride + i] = total;
    }
}

template <int kVectors, class T>
HWY_ATTR void dot_vectors(const float* x, const T* w, int64_t stride, int64_t rows, int64_t n, float* out) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    for (int ahead = 0; ahead < 4; ++ahead) hwy::Prefetch(w + (i + ahead + kRowsAhead) * stride);
    dot_several<kVectors, 4>(x, w + i * stride, stride, n, out + i, rows);
  }
  for (; i < rows; ++i) dot_several<kVectors, 1>(x, w + i * stride, stride, n, out + i, rows);
}

/// kVectors times kColumns vectors of sums, kept in registers, from column c on; returns the column after them.
template <int kVectors, int kColumns, class T>
HWY_ATTR int64_t sum_columns(const float* factors, const T* w, int64_t stride, int64_t rows, int64_t n, int64_t c,
                             float* y) {
  const int64_t step = lanes();
  for (; c + kColumns * step <= n; c += kColumns * step) {
    V sums[kVectors][kColumns];
    for (auto& row : sums)
      for (V& sum : row) sum = hn::Zero(D());
    for (int64_t i = 0; i < rows; ++i) {
      hwy::Prefetch(w + (i + kRowsAhead) * stride + c);
      for (int u = 0; u < kColumns; ++u) {
        const V values = load(w + i * stride + c + u * step);
        for (int v = 0; v < kVectors; ++v)
          sums[v][u] = hn::MulAdd(hn::Set(D(), factors[v * rows + i]), values, sums[v][u]);
      }
    }
    for (int v = 0; v < kVectors; ++v)
      for (int u = 0; u < kColumns; ++u) hn::StoreU(sums[v][u], D(), y + v * n + c + u * step);
  }
  return c;
}

template <int kVectors, class T>
HWY_ATTR void sum_vectors(const float* factors, const T* w, int64_t stride, int64_t rows, int64_t n, float* y) {
  int64_t c = sum_columns<kVectors, 4>(factors, w, stride, rows, n, 0, y);
  c = sum_columns<kVectors, 1>(factors, w, stride, rows, n, c, y);
  for (; c < n; ++c)
    for (int v = 0; v < kVectors; ++v) {
      float sum = 0.0f;
      for (int64_t i = 0; i < rows; ++i) sum += factors[v * rows + i] * to_f32(w[i * stride + c]);
      y[v * n + c] = sum;
    }
}

/// Calls f.template operator()<count>(first) for all vectors, four, two or one at a time.
template <class F>
HWY_ATTR void by_fours(int64_t vectors, F&& f) {
  int64_t first = 0;
  for (; first + 4 <= vectors; first += 4) f.template operator()<4>(first);
  for (; first + 2 <= vectors; first += 2) f.template operator()<2>(first);
  if (first < vectors) f.template operator()<1>(first);
}

template <class T>
HWY_ATTR void dot_matrix_of(const float* x, int64_t vectors, const T* w, int64_t stride, int64_t rows, int64_t n,
                            float* out) {
  by_fours(vectors, [&]<int count>(int64_t first)
                        HWY_ATTR { dot_vectors<count>(x + first * n, w, stride, rows, n, out + first * rows); });
}
template <class T>
HWY_ATTR void sum_rows_of(const float* factors, int64_t vectors, const T* w, int64_t stride, int64_t rows, int64_t n,
                          float* y) {
  by_fours(vectors, [&]<int count>(int64_t first)
                        HWY_ATTR { sum_vectors<count>(factors + first * rows, w, stride, rows, n, y + first * n); });
}
HWY_ATTR void DotMatrixF32(const float* x, int64_t vectors, const float* w, int64_t stride, int64_t rows, int64_t n,
                           float* out) {
  dot_matrix_of(x, vectors, w, stride, rows, n, out);
}
HWY_ATTR void DotMatrixBf16(const float* x, int64_t vectors, const bf16_t* w, int64_t stride, int64_t rows, int64_t n,
                            float* out) {
  dot_matrix_of(x, vectors, w, stride, rows, n, out);
}
HWY_ATTR void DotMatrixF16(const float* x, int64_t vectors, const f16_t* w, int64_t stride, int64_t rows, int64_t n,
                           float* out) {
  dot_matrix_of(x, vectors, w, stride, rows, n, out);
}
HWY_ATTR void SumRowsF32(const float* factors, int64_t vectors, const float* w, int64_t stride, int64_t rows, int64_t n,
                         float* y) {
  sum_rows_of(factors, vectors, w, stride, rows, n, y);
}
HWY_ATTR void SumRowsBf16(const float* factors, int64_t vectors, const bf16_t* w, int64_t stride, int64_t rows,
                          int64_t n, float* y) {
  sum_rows_of(factors, vectors, w, stride, rows, n, y);
}
HWY_ATTR void SumRowsF16(const float* factors, int64_t vectors, const f16_t* w, int64_t stride, int64_t rows, int64_t n,
                         float* y) {
  sum_rows_of(factors, vectors, w, stride, rows, n, y);
}

HWY_ATTR void AddScaled(float factor, const float* x, float* y, int64_t n) {
  const V f = hn::Set(D(), factor);
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { hn::StoreU(hn::MulAdd(f, load(x + i), load(y + i)), D(), y + i); },
      [&](int64_t i) { y[i] += factor * x[i]; });
}

HWY_ATTR void ScaleInPlace(float factor, float* y, int64_t n) {
  const V f = hn::Set(D(), factor);
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { hn::StoreU(hn::Mul(f, load(y + i)), D(), y + i); },
      [&](int64_t i) { y[i] *= factor; });
}

HWY_ATTR float MaxValue(const float* x, int64_t n) {
  const float lowest = -std::numeric_limits<float>::infinity();
  const int64_t step = lanes();
  V a = hn::Set(D(), lowest), b = a;
  int64_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    a = hn::Max(a, load(x + i));
    b = hn::Max(b, load(x + i + step));
  }
  float top = hn::GetLane(hn::MaxOfLanes(D(), hn::Max(a, b)));
  for (; i < n; ++i) top = std::max(top, x[i]);
  return top;
}

HWY_ATTR float ExpSum(const float* x, float shift, float* y, int64_t n) {
  const V s = hn::Set(D(), shift);
  V total = hn::Zero(D());
  float rest = 0.0f;
  for_each_vector(
      n,
      [&](int64_t i) HWY_ATTR {
        const V e = exp_of(hn::Sub(load(x + i), s));
        hn::StoreU(e, D(), y + i);
        total = hn::Add(total, e);
      },
      [&](int64_t i) {
        y[i] = std::exp(x[i] - shift);
        rest += y[i];
      });
  return sum_of(total) + rest;
}

HWY_ATTR float SumValues(const float* x, int64_t n) {
  V total = hn::Zero(D());
  float rest = 0.0f;
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { total = hn::Add(total, load(x + i)); }, [&](int64_t i) { rest += x[i]; });
  return sum_of(total) + rest;
}

HWY_ATTR void SoftmaxGradient(const float* p, const float* dp, float delta, float scale, float* ds, int64_t n) {
  const V d = hn::Set(D(), delta), s = hn::Set(D(), scale);
  for_each_vector(
      n,
      [&](int64_t i) HWY_ATTR { hn::StoreU(hn::Mul(hn::Mul(load(p + i), s), hn::Sub(load(dp + i), d)), D(), ds + i); },
      [&](int64_t i) { ds[i] = p[i] * scale * (dp[i] - delta); });
}

HWY_ATTR void ExpColumns(const float* x, float scale, const float* shifts, float* y, int64_t n) {
  const V s = hn::Set(D(), scale);
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { hn::StoreU(exp_of(hn::MulSub(load(x + i), s, load(shifts + i))), D(), y + i); },
      [&](int64_t i) { y[i] = std::exp(x[i] * scale - shifts[i]); });
}

HWY_ATTR void SoftmaxGradientColumns(const float* p, const float* dp, const float* deltas, float scale, float* ds,
                                     int64_t n) {
  const V s = hn::Set(D(), scale);
  for_each_vector(
      n,
      [&](int64_t i) HWY_ATTR {
        hn::StoreU(hn::Mul(hn::Mul(load(p + i), s), hn::Sub(load(dp + i), load(deltas + i))), D(), ds + i);
      },
      [&](int64_t i) { ds[i] = p[i] * scale * (dp[i] - deltas[i]); });
}

inline HWY_ATTR V sigmoid_of(V x) {
  const V one = hn::Set(D(), 1.0f);
  return hn::Div(one, hn::Add(one, exp_of(hn::Neg(x))));
}
inline float sigmoid_of(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

HWY_ATTR void SwigluValues(const float* gate, const float* up, float* y, int64_t n) {
  for_each_vector(
      n,
      [&](int64_t i) HWY_ATTR {
        const V g = load(gate + i);
        hn::StoreU(hn::Mul(hn::Mul(g, sigmoid_of(g)), load(up + i)), D(), y + i);
      },
      [&](int64_t i) { y[i] = gate[i] * sigmoid_of(gate[i]) * up[i]; });
}

HWY_ATTR void SwigluGradients(const float* dy, const float* gate, const float* up, float* dgate, float* dup,
                              int64_t n) {
  const V one = hn::Set(D(), 1.0f);
  for_each_vector(
      n,
      [&](int64_t i) HWY_ATTR {
        const V g = load(gate + i), d = load(dy + i), s = sigmoid_of(g), u = load(up + i);
        // silu'(g) = s (1 + g (1 - s))
        const V slope = hn::Mul(s, hn::MulAdd(g, hn::Sub(one, s), one));
        if (dup) hn::StoreU(hn::Mul(d, hn::Mul(g, s)), D(), dup + i);
        if (dgate) hn::StoreU(hn::Mul(hn::Mul(d, u), slope), D(), dgate + i);
      },
      [&](int64_t i) {
        const float g = gate[i], d = dy[i], s = sigmoid_of(g), u = up[i];
        if (dup) dup[i] = d * (g * s);
        if (dgate) dgate[i] = d * u * (s * (1.0f + g * (1.0f - s)));
      });
}

template <class T>
HWY_ATTR void widen_of(const T* x, float* y, int64_t n) {
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { hn::StoreU(load(x + i), D(), y + i); }, [&](int64_t i) { y[i] = to_f32(x[i]); });
}
HWY_ATTR void WidenBf16(const bf16_t* x, float* y, int64_t n) {
  widen_of(x, y, n);
}
HWY_ATTR void WidenF16(const f16_t* x, float* y, int64_t n) {
  widen_of(x, y, n);
}

template <class T>
HWY_ATTR void narrow_of(const float* x, T* y, int64_t n) {
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { store(load(x + i), y + i); }, [&](int64_t i) { y[i] = from_f32<T>(x[i]); });
}
HWY_ATTR void NarrowBf16(const float* x, bf16_t* y, int64_t n) {
  narrow_of(x, y, n);
}
HWY_ATTR void NarrowF16(const float* x, f16_t* y, int64_t n) {
  narrow_of(x, y, n);
}

template <class T>
HWY_ATTR void add_of(const T* a, const T* b, T* y, int64_t n) {
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { store(hn::Add(load(a + i), load(b + i)), y + i); },
      [&](int64_t i) { y[i] = from_f32<T>(to_f32(a[i]) + to_f32(b[i])); });
}
HWY_ATTR void AddF32(const float* a, const float* b, float* y, int64_t n) {
  add_of(a, b, y, n);
}
HWY_ATTR void AddBf16(const bf16_t* a, const bf16_t* b, bf16_t* y, int64_t n) {
  add_of(a, b, y, n);
}
HWY_ATTR void AddF16(const f16_t* a, const f16_t* b, f16_t* y, int64_t n) {
  add_of(a, b, y, n);
}

template <class T>
HWY_ATTR void rotate_of(const T* x, const float* cosines, const float* sines, T* y, int64_t half) {
  for_each_vector(
      half,
      [&](int64_t i) HWY_ATTR {
        const V a = load(x + i), b = load(x + half + i), c = load(cosines + i), s = load(sines + i);
        store(hn::NegMulAdd(b, s, hn::Mul(a, c)), y + i);
        store(hn::MulAdd(a, s, hn::Mul(b, c)), y + half + i);
      },
      [&](int64_t i) {
        const float a = to_f32(x[i]), b = to_f32(x[half + i]);
        y[i] = from_f32<T>(a * cosines[i] - b * sines[i]);
        y[half + i] = from_f32<T>(b * cosines[i] + a * sines[i]);
      });
}
HWY_ATTR void RotateF32(const float* x, const float* cosines, const float* sines, float* y, int64_t half) {
  rotate_of(x, cosines, sines, y, half);
}
HWY_ATTR void RotateBf16(const bf16_t* x, const float* cosines, const float* sines, bf16_t* y, int64_t half) {
  rotate_of(x, cosines, sines, y, half);
}
HWY_ATTR void RotateF16(const f16_t* x, const float* cosines, const float* sines, f16_t* y, int64_t half) {
  rotate_of(x, cosines, sines, y, half);
}

template <class T>
HWY_ATTR float rms_of(const T* x, const float* weight, float eps, T* y, int64_t n) {
  V a = hn::Zero(D()), b = a;
  const int64_t step = lanes();
  float rest = 0.0f;
  int64_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    const V u = load(x + i), v = load(x + i + step);
    a = hn::MulAdd(u, u, a);
    b = hn::MulAdd(v, v, b);
  }
  for (; i < n; ++i) rest += to_f32(x[i]) * to_f32(x[i]);
  const float scale = 1.0f / std::sqrt((sum_of(hn::Add(a, b)) + rest) / static_cast<float>(n) + eps);
  const V s = hn::Set(D(), scale);
  for_each_vector(
      n, [&](int64_t k) HWY_ATTR { store(hn::Mul(hn::Mul(load(x + k), s), load(weight + k)), y + k); },
      [&](int64_t k) { y[k] = from_f32<T>(to_f32(x[k]) * scale * weight[k]); });
  return scale;
}
HWY_ATTR float RmsNormF32(const float* x, const float* weight, float eps, float* y, int64_t n) {
  return rms_of(x, weight, eps, y, n);
}
HWY_ATTR float RmsNormBf16(const bf16_t* x, const float* weight, float eps, bf16_t* y, int64_t n) {
  return rms_of(x, weight, eps, y, n);
}
HWY_ATTR float RmsNormF16(const f16_t* x, const float* weight, float eps, f16_t* y, int64_t n) {
  return rms_of(x, weight, eps, y, n);
}

template <class T>
HWY_ATTR void rms_gradient_of(const T* dy, const T* x, const float* weight, float scale, T* dx, int64_t n) {
  V sum = hn::Zero(D());
  float rest = 0.0f;
  for_each_vector(
      n, [&](int64_t i) HWY_ATTR { sum = hn::MulAdd(hn::Mul(load(dy + i), load(weight + i)), load(x + i), sum); },
      [&](int64_t i) { rest += to_f32(dy[i]) * weight[i] * to_f32(x[i]); });
  const float pull = (sum_of(sum) + rest) * scale * scale * scale / static_cast<float>(n);
  const V s = hn::Set(D(), scale), p = hn::Set(D(), pull);
  for_each_vector(
      n,
      [&](int64_t i) HWY_ATTR {
        const V direct = hn::Mul(hn::Mul(load(dy + i), load(weight + i)), s);
        store(hn::NegMulAdd(load(x + i), p, direct), dx + i);
      },
      [&](int64_t i) { dx[i] = from_f32<T>(to_f32(dy[i]) * weight[i] * scale - to_f32(x[i]) * pull); });
}
HWY_ATTR void RmsGradientF32(const float* dy, const float* x, const float* weight, float scale, float* dx, int64_t n) {
  rms_gradient_of(dy, x, weight, scale, dx, n);
}
HWY_ATTR void RmsGradientBf16(const bf16_t* dy, const bf16_t* x, const float* weight, float scale, bf16_t* dx,
                              int64_t n) {
  rms_gradient_of(dy, x, weight, scale, dx, n);
}
HWY_ATTR void RmsGradientF16(const f16_t* dy, const f16_t* x, const float* weight, float scale, f16_t* dx, int64_t n) {
  rms_gradient_of(dy, x, weight, scale, dx, n);
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper::cpu {

HWY_EXPORT(DotF32);
HWY_EXPORT(DotBf16);
HWY_EXPORT(DotF16);
HWY_EXPORT(DotMatrixF32);
HWY_EXPORT(DotMatrixBf16);
HWY_EXPORT(DotMatrixF16);
HWY_EXPORT(SumRowsF32);
HWY_EXPORT(SumRowsBf16);
HWY_EXPORT(SumRowsF16);
HWY_EXPORT(AddScaled);
HWY_EXPORT(ScaleInPlace);
HWY_EXPORT(MaxValue);
HWY_EXPORT(ExpSum);
HWY_EXPORT(SumValues);
HWY_EXPORT(SoftmaxGradient);
HWY_EXPORT(ExpColumns);
HWY_EXPORT(SoftmaxGradientColumns);
HWY_EXPORT(SwigluValues);
HWY_EXPORT(SwigluGradients);
HWY_EXPORT(WidenBf16);
HWY_EXPORT(WidenF16);
HWY_EXPORT(NarrowBf16);
HWY_EXPORT(NarrowF16);
HWY_EXPORT(AddF32);
HWY_EXPORT(AddBf16);
HWY_EXPORT(AddF16);
HWY_EXPORT(RotateF32);
HWY_EXPORT(RotateBf16);
HWY_EXPORT(RotateF16);
HWY_EXPORT(RmsNormF32);
HWY_EXPORT(RmsNormBf16);
HWY_EXPORT(RmsNormF16);
HWY_EXPORT(RmsGradientF32);
HWY_EXPORT(RmsGradientBf16);
HWY_EXPORT(RmsGradientF16);

void dot_rows(const float* x, int64_t stride, int64_t rows, const float* w, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(DotF32)(x, stride, rows, w, n, out);
}
void dot_rows(const float* x, int64_t stride, int64_t rows, const bf16_t* w, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(DotBf16)(x, stride, rows, w, n, out);
}
void dot_rows(const float* x, int64_t stride, int64_t rows, const f16_t* w, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(DotF16)(x, stride, rows, w, n, out);
}
void dot_matrix(const float* x, int64_t vectors, const float* w, int64_t stride, int64_t rows, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(DotMatrixF32)(x, vectors, w, stride, rows, n, out);
}
void dot_matrix(const float* x, int64_t vectors, const bf16_t* w, int64_t stride, int64_t rows, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(DotMatrixBf16)(x, vectors, w, stride, rows, n, out);
}
void dot_matrix(const float* x, int64_t vectors, const f16_t* w, int64_t stride, int64_t rows, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(DotMatrixF16)(x, vectors, w, stride, rows, n, out);
}
void sum_rows(const float* factors, int64_t vectors, const float* w, int64_t stride, int64_t rows, int64_t n,
              float* y) {
  HWY_DYNAMIC_DISPATCH(SumRowsF32)(factors, vectors, w, stride, rows, n, y);
}
void sum_rows(const float* factors, int64_t vectors, const bf16_t* w, int64_t stride, int64_t rows, int64_t n,
              float* y) {
  HWY_DYNAMIC_DISPATCH(SumRowsBf16)(factors, vectors, w, stride, rows, n, y);
}
void sum_rows(const float* factors, int64_t vectors, const f16_t* w, int64_t stride, int64_t rows, int64_t n,
              float* y) {
  HWY_DYNAMIC_DISPATCH(SumRowsF16)(factors, vectors, w, stride, rows, n, y);
}
void add_scaled(float factor, const float* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(AddScaled)(factor, x, y, n);
}
void scale_in_place(float factor, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(ScaleInPlace)(factor, y, n);
}
float max_value(const float* x, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(MaxValue)(x, n);
}
float exp_sum(const float* x, float shift, float* y, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(ExpSum)(x, shift, y, n);
}
float sum_values(const float* x, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(SumValues)(x, n);
}
void softmax_gradient(const float* p, const float* dp, float delta, float scale, float* ds, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradient)(p, dp, delta, scale, ds, n);
}
void exp_columns(const float* x, float scale, const float* shifts, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(ExpColumns)(x, scale, shifts, y, n);
}
void softmax_gradient_columns(const float* p, const float* dp, const float* deltas, float scale, float* ds, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradientColumns)(p, dp, deltas, scale, ds, n);
}
void swiglu_values(const float* gate, const float* up, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SwigluValues)(gate, up, y, n);
}
void swiglu_gradients(const float* dy, const float* gate, const float* up, float* dgate, float* dup, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SwigluGradients)(dy, gate, up, dgate, dup, n);
}
void widen_values(const float* x, float* y, int64_t n) {
  std::copy_n(x, n, y);
}
void widen_values(const bf16_t* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(WidenBf16)(x, y, n);
}
void widen_values(const f16_t* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(WidenF16)(x, y, n);
}
void narrow_values(const float* x, float* y, int64_t n) {
  std::copy_n(x, n, y);
}
void narrow_values(const float* x, bf16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(NarrowBf16)(x, y, n);
}
void narrow_values(const float* x, f16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(NarrowF16)(x, y, n);
}
void add_values(const float* a, const float* b, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(AddF32)(a, b, y, n);
}
void add_values(const bf16_t* a, const bf16_t* b, bf16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(AddBf16)(a, b, y, n);
}
void add_values(const f16_t* a, const f16_t* b, f16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(AddF16)(a, b, y, n);
}
void rotate_pairs(const float* x, const float* cosines, const float* sines, float* y, int64_t half) {
  HWY_DYNAMIC_DISPATCH(RotateF32)(x, cosines, sines, y, half);
}
void rotate_pairs(const bf16_t* x, const float* cosines, const float* sines, bf16_t* y, int64_t half) {
  HWY_DYNAMIC_DISPATCH(RotateBf16)(x, cosines, sines, y, half);
}
void rotate_pairs(const f16_t* x, const float* cosines, const float* sines, f16_t* y, int64_t half) {
  HWY_DYNAMIC_DISPATCH(RotateF16)(x, cosines, sines, y, half);
}
float rms_norm_row(const float* x, const float* weight, float eps, float* y, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(RmsNormF32)(x, weight, eps, y, n);
}
float rms_norm_row(const bf16_t* x, const float* weight, float eps, bf16_t* y, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(RmsNormBf16)(x, weight, eps, y, n);
}
float rms_norm_row(const f16_t* x, const float* weight, float eps, f16_t* y, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(RmsNormF16)(x, weight, eps, y, n);
}
void rms_norm_gradient(const float* dy, const float* x, const float* weight, float scale, float* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(RmsGradientF32)(dy, x, weight, scale, dx, n);
}
void rms_norm_gradient(const bf16_t* dy, const bf16_t* x, const float* weight, float scale, bf16_t* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(RmsGradientBf16)(dy, x, weight, scale, dx, n);
}
void rms_norm_gradient(const f16_t* dy, const f16_t* x, const float* weight, float scale, f16_t* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(RmsGradientF16)(dy, x, weight, scale, dx, n);
}

}  // namespace temper::cpu
#endif
