// Highway compiles this file once for each instruction set below and picks the best one that the machine has.
#include "device/cpu/row_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

// Between these sets nothing here would differ much, and each costs compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/row_math.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "device/cpu/vector_values-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

/// y[i] = f(x[i]...) as a vector of f32 each; the values after the last whole vector go through padded copies.
template <class T, class F, class... X>
HWY_ATTR void map_row(int64_t n, T* y, F&& f, const X*... x) {
  const int64_t step = lanes();
  int64_t i = 0;
  for (; i + step <= n; i += step) store(f(load(x + i)...), y + i);
  if (i == n) return;
  constexpr size_t most = HWY_MAX_BYTES / sizeof(float);
  const auto padded = [&]<class U>(const U* from) HWY_ATTR {
    U values[most] = {};
    for (int64_t j = 0; j < n - i; ++j) values[j] = from[i + j];
    return load(values);
  };
  T results[most];
  store(f(padded(x)...), results);
  for (int64_t j = 0; j < n - i; ++j) y[i + j] = results[j];
}

/// The sum of f(x[i]...), in a vector of partial sums and then in its lanes' order.
template <class F, class... X>
HWY_ATTR float sum_row(int64_t n, F&& f, const X*... x) {
  const int64_t step = lanes();
  V first = hn::Zero(D()), second = hn::Zero(D());
  int64_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    first = hn::Add(first, f(load(x + i)...));
    second = hn::Add(second, f(load(x + i + step)...));
  }
  if (i + step <= n) {
    first = hn::Add(first, f(load(x + i)...));
    i += step;
  }
  if (i < n) {
    float terms[HWY_MAX_BYTES / sizeof(float)] = {};
    map_row(n - i, terms, f, x + i...);
    second = hn::Add(second, load(terms));
  }
  return sum_of(hn::Add(first, second));
}

template <class T>
HWY_ATTR float max_row(const T* x, int64_t n) {
  const int64_t step = lanes();
  // A row of -infinity keeps this: then every exponential is 0 and the sum is clamped below.
  float top = std::numeric_limits<float>::lowest();
  V tops = hn::Set(D(), top);
  int64_t i = 0;
  for (; i + step <= n; i += step) tops = hn::Max(tops, load(x + i));
  top = hn::GetLane(hn::MaxOfLanes(D(), tops));
  for (; i < n; ++i) top = std::max(top, to_f32(x[i]));
  return top;
}

/// sum exp(x - top): at least 1 unless all of the row is -infinity.
template <class T>
HWY_ATTR float sum_exponentials(const T* x, int64_t n, float top) {
  const V shift = hn::Set(D(), top);
  const float total = sum_row(
      n, [&](V v) HWY_ATTR { return exp_of(hn::Sub(v, shift)); }, x);
  return total == 0.0f ? std::numeric_limits<float>::min() : total;
}

template <class T>
HWY_ATTR void softmax_of(const T* x, T* y, int64_t n) {
  const float top = max_row(x, n);
  const V shift = hn::Set(D(), top);
  const auto exponential = [&](V v) HWY_ATTR { return exp_of(hn::Sub(v, shift)); };
  if constexpr (std::is_same_v<T, float>) {
    // Exponentials once, into the result.
    map_row(n, y, exponential, x);
    const float total = sum_row(
        n, [](V v) HWY_ATTR { return v; }, y);
    const V scale = hn::Set(D(), 1.0f / (total == 0.0f ? std::numeric_limits<float>::min() : total));
    map_row(
        n, y, [&](V v) HWY_ATTR { return hn::Mul(v, scale); }, y);
  } else {
    const V scale = hn::Set(D(), 1.0f / sum_exponentials(x, n, top));
    map_row(
        n, y, [&](V v) HWY_ATTR { return hn::Mul(exponential(v), scale); }, x);
  }
}

HWY_ATTR void LogitsRange(const float* x, int64_t n, LogitRange& range) {
  const int64_t step = lanes();
  const V infinity = hn::Set(D(), std::numeric_limits<float>::infinity());
  V tops = hn::Neg(infinity);
  // Of x < infinity: NaN and +infinity are not.
  auto valid = hn::FirstN(D(), static_cast<size_t>(step));
  int64_t i = 0;
  for (; i + step <= n; i += step) {
    const V values = load(x + i);
    valid = hn::And(valid, hn::Lt(values, infinity));
    tops = hn::Max(tops, values);
  }
  // Highway's portable MaxOfLanes has no -infinity.
  float lanes_of_tops[HWY_MAX_BYTES / sizeof(float)];
  store(tops, lanes_of_tops);
  range = {*std::max_element(lanes_of_tops, lanes_of_tops + step), hn::AllTrue(D(), valid)};
  for (; i < n; ++i) {
    range.is_valid = range.is_valid && x[i] < std::numeric_limits<float>::infinity();
    range.top = std::max(range.top, x[i]);
  }
}

HWY_ATTR void SamplingWeights(const float* x, float top, float temperature, float* weights, int64_t n) {
  const V shift = hn::Set(D(), top), scale = hn::Set(D(), temperature), one = hn::Set(D(), 1.0f);
  map_row(
      n, weights, [=](V v) HWY_ATTR { return hn::Min(exp_of(hn::Div(hn::Sub(v, shift), scale)), one); }, x);
}

template <class T>
HWY_ATTR void log_softmax_of(const T* x, T* y, int64_t n) {
  const float top = max_row(x, n);
  const V shift = hn::Set(D(), top), log_sum = hn::Set(D(), std::log(sum_exponentials(x, n, top)));
  map_row(
      n, y, [&](V v) HWY_ATTR { return hn::Sub(hn::Sub(v, shift), log_sum); }, x);
}

template <class T>
HWY_ATTR void softmax_gradient_of(const T* dy, const T* y, T* dx, int64_t n) {
  const V dot = hn::Set(D(), sum_row(
                                 n, [](V g, V p) HWY_ATTR { return hn::Mul(g, p); }, dy, y));
  map_row(
      n, dx, [&](V g, V p) HWY_ATTR { return hn::Mul(p, hn::Sub(g, dot)); }, dy, y);
}

template <class T>
HWY_ATTR void log_softmax_gradient_of(const T* dy, const T* y, T* dx, int64_t n) {
  const V total = hn::Set(D(), sum_row(
                                   n, [](V g) HWY_ATTR { return g; }, dy));
  map_row(
      n, dx, [&](V g, V p) HWY_ATTR { return hn::NegMulAdd(exp_of(p), total, g); }, dy, y);
}

template <class T, class W>
HWY_ATTR void layer_norm_of(const T* x, const W* weight, const W* bias, float eps, T* y, int64_t n,
                            LayerNormStatistics& out) {
  const auto count = static_cast<float>(n);
  const float mean = sum_row(
                         n, [](V v) HWY_ATTR { return v; }, x) /
                     count;
  const V centre = hn::Set(D(), mean);
  // Padding isn't centred: what it would add is left out by summing whole vectors of x only.
  const int64_t whole = n / lanes() * lanes();
  float squares = sum_row(
      whole,
      [&](V v) HWY_ATTR {
        const V centred = hn::Sub(v, centre);
        return hn::Mul(centred, centred);
      },
      x);
  for (int64_t i = whole; i < n; ++i) squares += (to_f32(x[i]) - mean) * (to_f32(x[i]) - mean);
  out = {mean, 1.0f / std::sqrt(squares / count + eps)};
  const V inv_std = hn::Set(D(), out.inv_std);
  map_row(
      n, y, [&](V v, V w, V b) HWY_ATTR { return hn::MulAdd(hn::Mul(hn::Sub(v, centre), inv_std), w, b); }, x, weight,
      bias);
}

HWY_ATTR void AdamWValues(const AdamWStep& s, const float* grad, float* m, float* v, float* p, int64_t n) {
  const V scale = hn::Set(D(), s.scale), towards = hn::Set(D(), 1.0f - s.beta1), beta2 = hn::Set(D(), s.beta2),
          rest2 = hn::Set(D(), 1.0f - s.beta2), keep = hn::Set(D(), s.keep), step = hn::Set(D(), s.step),
          root = hn::Set(D(), s.root_correction2), eps = hn::Set(D(), s.eps);
  const auto next_m = [&](V g, V old) HWY_ATTR { return hn::MulAdd(towards, hn::Sub(hn::Mul(g, scale), old), old); };
  const auto next_v = [&](V g, V old) HWY_ATTR {
    const V scaled = hn::Mul(g, scale);
    return hn::MulAdd(beta2, old, hn::Mul(hn::Mul(rest2, scaled), scaled));
  };
  const auto next_p = [&](V m_new, V v_new, V old) HWY_ATTR {
    const V denominator = hn::Add(hn::Div(hn::Sqrt(v_new), root), eps);
    return hn::Sub(hn::Mul(keep, old), hn::Div(hn::Mul(step, m_new), denominator));
  };
  // A piece at a time, so that it is still in the nearest cache when the next array needs it.
  constexpr int64_t piece = 1024;
  for (int64_t begin = 0; begin < n; begin += piece) {
    const int64_t count = std::min(piece, n - begin);
    float *mi = m + begin, *vi = v + begin, *pi = p + begin;
    map_row(count, mi, next_m, grad + begin, mi);
    map_row(count, vi, next_v, grad + begin, vi);
    map_row(count, pi, next_p, mi, vi, pi);
  }
}

// HWY_EXPORT takes plain functions.
HWY_ATTR void SoftmaxF32(const float* x, float* y, int64_t n) {
  softmax_of(x, y, n);
}
HWY_ATTR void SoftmaxBf16(const bf16_t* x, bf16_t* y, int64_t n) {
  softmax_of(x, y, n);
}
HWY_ATTR void SoftmaxF16(const f16_t* x, f16_t* y, int64_t n) {
  softmax_of(x, y, n);
}
HWY_ATTR void LogSoftmaxF32(const float* x, float* y, int64_t n) {
  log_softmax_of(x, y, n);
}
HWY_ATTR void LogSoftmaxBf16(const bf16_t* x, bf16_t* y, int64_t n) {
  log_softmax_of(x, y, n);
}
HWY_ATTR void LogSoftmaxF16(const f16_t* x, f16_t* y, int64_t n) {
  log_softmax_of(x, y, n);
}
HWY_ATTR void SoftmaxGradientF32(const float* dy, const float* y, float* dx, int64_t n) {
  softmax_gradient_of(dy, y, dx, n);
}
HWY_ATTR void SoftmaxGradientBf16(const bf16_t* dy, const bf16_t* y, bf16_t* dx, int64_t n) {
  softmax_gradient_of(dy, y, dx, n);
}
HWY_ATTR void SoftmaxGradientF16(const f16_t* dy, const f16_t* y, f16_t* dx, int64_t n) {
  softmax_gradient_of(dy, y, dx, n);
}
HWY_ATTR void LogSoftmaxGradientF32(const float* dy, const float* y, float* dx, int64_t n) {
  log_softmax_gradient_of(dy, y, dx, n);
}
HWY_ATTR void LogSoftmaxGradientBf16(const bf16_t* dy, const bf16_t* y, bf16_t* dx, int64_t n) {
  log_softmax_gradient_of(dy, y, dx, n);
}
HWY_ATTR void LogSoftmaxGradientF16(const f16_t* dy, const f16_t* y, f16_t* dx, int64_t n) {
  log_softmax_gradient_of(dy, y, dx, n);
}
HWY_ATTR void LayerNormF32(const float* x, const float* w, const float* b, float eps, float* y, int64_t n,
                           LayerNormStatistics& out) {
  layer_norm_of(x, w, b, eps, y, n, out);
}
HWY_ATTR void LayerNormBf16(const bf16_t* x, const bf16_t* w, const bf16_t* b, float eps, bf16_t* y, int64_t n,
                            LayerNormStatistics& out) {
  layer_norm_of(x, w, b, eps, y, n, out);
}
HWY_ATTR void LayerNormF16(const f16_t* x, const f16_t* w, const f16_t* b, float eps, f16_t* y, int64_t n,
                           LayerNormStatistics& out) {
  layer_norm_of(x, w, b, eps, y, n, out);
}
HWY_ATTR void LayerNormBf16F32(const bf16_t* x, const float* w, const float* b, float eps, bf16_t* y, int64_t n,
                               LayerNormStatistics& out) {
  layer_norm_of(x, w, b, eps, y, n, out);
}
HWY_ATTR void LayerNormF16F32(const f16_t* x, const float* w, const float* b, float eps, f16_t* y, int64_t n,
                              LayerNormStatistics& out) {
  layer_norm_of(x, w, b, eps, y, n, out);
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper::cpu {

HWY_EXPORT(LogitsRange);
HWY_EXPORT(SamplingWeights);
HWY_EXPORT(SoftmaxF32);
HWY_EXPORT(SoftmaxBf16);
HWY_EXPORT(SoftmaxF16);
HWY_EXPORT(LogSoftmaxF32);
HWY_EXPORT(LogSoftmaxBf16);
HWY_EXPORT(LogSoftmaxF16);
HWY_EXPORT(SoftmaxGradientF32);
HWY_EXPORT(SoftmaxGradientBf16);
HWY_EXPORT(SoftmaxGradientF16);
HWY_EXPORT(LogSoftmaxGradientF32);
HWY_EXPORT(LogSoftmaxGradientBf16);
HWY_EXPORT(LogSoftmaxGradientF16);
HWY_EXPORT(LayerNormF32);
HWY_EXPORT(LayerNormBf16);
HWY_EXPORT(LayerNormF16);
HWY_EXPORT(LayerNormBf16F32);
HWY_EXPORT(LayerNormF16F32);
HWY_EXPORT(AdamWValues);

template <>
void softmax_row(const float* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxF32)(x, y, n);
}
template <>
void softmax_row(const bf16_t* x, bf16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxBf16)(x, y, n);
}
template <>
void softmax_row(const f16_t* x, f16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxF16)(x, y, n);
}
template <>
void log_softmax_row(const float* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(LogSoftmaxF32)(x, y, n);
}
template <>
void log_softmax_row(const bf16_t* x, bf16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(LogSoftmaxBf16)(x, y, n);
}
template <>
void log_softmax_row(const f16_t* x, f16_t* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(LogSoftmaxF16)(x, y, n);
}
template <>
void softmax_gradient_row(const float* dy, const float* y, float* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradientF32)(dy, y, dx, n);
}
template <>
void softmax_gradient_row(const bf16_t* dy, const bf16_t* y, bf16_t* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradientBf16)(dy, y, dx, n);
}
template <>
void softmax_gradient_row(const f16_t* dy, const f16_t* y, f16_t* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradientF16)(dy, y, dx, n);
}
template <>
void log_softmax_gradient_row(const float* dy, const float* y, float* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(LogSoftmaxGradientF32)(dy, y, dx, n);
}
template <>
void log_softmax_gradient_row(const bf16_t* dy, const bf16_t* y, bf16_t* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(LogSoftmaxGradientBf16)(dy, y, dx, n);
}
template <>
void log_softmax_gradient_row(const f16_t* dy, const f16_t* y, f16_t* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(LogSoftmaxGradientF16)(dy, y, dx, n);
}
template <>
LayerNormStatistics layer_norm_row(const float* x, const float* w, const float* b, float eps, float* y, int64_t n) {
  LayerNormStatistics statistics{};
  HWY_DYNAMIC_DISPATCH(LayerNormF32)(x, w, b, eps, y, n, statistics);
  return statistics;
}
template <>
LayerNormStatistics layer_norm_row(const bf16_t* x, const bf16_t* w, const bf16_t* b, float eps, bf16_t* y, int64_t n) {
  LayerNormStatistics statistics{};
  HWY_DYNAMIC_DISPATCH(LayerNormBf16)(x, w, b, eps, y, n, statistics);
  return statistics;
}
template <>
LayerNormStatistics layer_norm_row(const f16_t* x, const f16_t* w, const f16_t* b, float eps, f16_t* y, int64_t n) {
  LayerNormStatistics statistics{};
  HWY_DYNAMIC_DISPATCH(LayerNormF16)(x, w, b, eps, y, n, statistics);
  return statistics;
}
template <>
LayerNormStatistics layer_norm_row(const bf16_t* x, const float* w, const float* b, float eps, bf16_t* y, int64_t n) {
  LayerNormStatistics statistics{};
  HWY_DYNAMIC_DISPATCH(LayerNormBf16F32)(x, w, b, eps, y, n, statistics);
  return statistics;
}
template <>
LayerNormStatistics layer_norm_row(const f16_t* x, const float* w, const float* b, float eps, f16_t* y, int64_t n) {
  LayerNormStatistics statistics{};
  HWY_DYNAMIC_DISPATCH(LayerNormF16F32)(x, w, b, eps, y, n, statistics);
  return statistics;
}
LogitRange logit_range(const float* x, int64_t n) {
  LogitRange range{};
  HWY_DYNAMIC_DISPATCH(LogitsRange)(x, n, range);
  return range;
}
void sampling_weights(const float* x, float top, float temperature, float* weights, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SamplingWeights)(x, top, temperature, weights, n);
}
void adamw_values(const AdamWStep& s, const float* grad, float* m, float* v, float* p, int64_t n) {
  HWY_DYNAMIC_DISPATCH(AdamWValues)(s, grad, m, v, p, n);
}

}  // namespace temper::cpu
#endif
