#pragma once

#include <cstdint>

#include "tensor/half.h"

// Whole rows of softmax and the norms, and the optimizer's update, in f32 with one rounding at the end. Vectorised as
// vector_math.h is; T is float, bf16_t or f16_t.
namespace temper::cpu {

/// y = exp(x) / sum exp(x), without overflow; a row of -infinity gives zeros, a NaN or +infinity a row of NaN. y may be
/// x.
template <class T>
void softmax_row(const T* x, T* y, int64_t n);
/// y = x - log sum exp(x); y may be x.
template <class T>
void log_softmax_row(const T* x, T* y, int64_t n);
/// dx = y (dy - sum(dy y)); dx may be dy or y.
template <class T>
void softmax_gradient_row(const T* dy, const T* y, T* dx, int64_t n);
/// dx = dy - exp(y) sum(dy); dx may be dy or y.
template <class T>
void log_softmax_gradient_row(const T* dy, const T* y, T* dx, int64_t n);

struct LogitRange {
  float top;      ///< the largest; -infinity when all are
  bool is_valid;  ///< none is NaN or +infinity; otherwise `top` says nothing
};
LogitRange logit_range(const float* x, int64_t n);
/// weights = exp((x - top) / temperature), for temperature > 0 and a `top` that is no less than any x.
void sampling_weights(const float* x, float top, float temperature, float* weights, int64_t n);

struct LayerNormStatistics {
  float mean, inv_std;
};
/// y = (x - mean) inv_std weight + bias, with inv_std = 1 / sqrt(variance + eps) from a second pass over x - mean. W is
/// float or T.
template <class T, class W>
LayerNormStatistics layer_norm_row(const T* x, const W* weight, const W* bias, float eps, T* y, int64_t n);

/// A step of AdamW on n parameters: m and v move towards g = scale grad and g^2, and
/// p = keep p - step m / (sqrt(v) inv_root_correction2 + eps).
struct AdamWStep {
  float scale, beta1, beta2, keep, step, root_correction2, eps;
};
void adamw_values(const AdamWStep& s, const float* grad, float* m, float* v, float* p, int64_t n);

}  // namespace temper::cpu
