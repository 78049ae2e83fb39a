#pragma once

#include <cstdint>

#include "tensor/half.h"

// Loops over contiguous values that the plain x86-64 baseline doesn't vectorise well, compiled for several instruction
// sets and chosen when the program starts. Additions have a fixed order on one machine, whatever the alignment.
namespace temper::cpu {

/// out[r] = x_r . w for `rows` (1 to 8) vectors x_r = x + r stride: w is read once, from its stored type.
void dot_rows(const float* x, int64_t stride, int64_t rows, const float* w, int64_t n, float* out);
void dot_rows(const float* x, int64_t stride, int64_t rows, const bf16_t* w, int64_t n, float* out);
void dot_rows(const float* x, int64_t stride, int64_t rows, const f16_t* w, int64_t n, float* out);
constexpr int64_t kMaxDotRows = 8;

template <class T>
float dot(const float* x, const T* w, int64_t n) {
  float result;
  dot_rows(x, n, 1, w, n, &result);
  return result;
}

/// Of `vectors` x [vectors, n] and `rows` rows of n values, `stride` apart: out [vectors, rows] = x . row.
void dot_matrix(const float* x, int64_t vectors, const float* w, int64_t stride, int64_t rows, int64_t n, float* out);
void dot_matrix(const float* x, int64_t vectors, const bf16_t* w, int64_t stride, int64_t rows, int64_t n, float* out);
void dot_matrix(const float* x, int64_t vectors, const f16_t* w, int64_t stride, int64_t rows, int64_t n, float* out);
/// y [vectors, n] = the sums over the rows, each times its factor of factors [vectors, rows].
void sum_rows(const float* factors, int64_t vectors, const float* w, int64_t stride, int64_t rows, int64_t n, float* y);
void sum_rows(const float* factors, int64_t vectors, const bf16_t* w, int64_t stride, int64_t rows, int64_t n,
              float* y);
void sum_rows(const float* factors, int64_t vectors, const f16_t* w, int64_t stride, int64_t rows, int64_t n, float* y);

/// y += factor x.
void add_scaled(float factor, const float* x, float* y, int64_t n);
/// y *= factor.
void scale_in_place(float factor, float* y, int64_t n);

/// The largest value, -infinity of none. NaNs may be passed over: exp_sum brings them to light.
float max_value(const float* x, int64_t n);
/// y = exp(x - shift); returns the sum of y. NaN gives NaN. x may be y.
float exp_sum(const float* x, float shift, float* y, int64_t n);
float sum_values(const float* x, int64_t n);

/// ds = p (dp - delta) scale; ds may be dp.
void softmax_gradient(const float* p, const float* dp, float delta, float scale, float* ds, int64_t n);

/// The same two steps where each value has its own shift or delta, as in a transposed softmax: y = exp(scale x -
/// shift), ds = p (dp - delta) scale. NaN gives NaN; y may be x, ds may be dp.
void exp_columns(const float* x, float scale, const float* shifts, float* y, int64_t n);
void softmax_gradient_columns(const float* p, const float* dp, const float* deltas, float scale, float* ds, int64_t n);

/// y = silu(gate) up.
void swiglu_values(const float* gate, const float* up, float* y, int64_t n);
/// Gradients of the same; either output may be null.
void swiglu_gradients(const float* dy, const float* gate, const float* up, float* dgate, float* dup, int64_t n);

/// y = a + b, rounded once; y may be a or b.
void add_values(const float* a, const float* b, float* y, int64_t n);
void add_values(const bf16_t* a, const bf16_t* b, bf16_t* y, int64_t n);
void add_values(const f16_t* a, const f16_t* b, f16_t* y, int64_t n);
/// The pairs (x[i], x[half + i]) turned by angles of the given cosines and sines; y may be x.
void rotate_pairs(const float* x, const float* cosines, const float* sines, float* y, int64_t half);
void rotate_pairs(const bf16_t* x, const float* cosines, const float* sines, bf16_t* y, int64_t half);
void rotate_pairs(const f16_t* x, const float* cosines, const float* sines, f16_t* y, int64_t half);
/// y = x s weight with s = 1 / sqrt(mean(x^2) + eps), which it returns; y may be x.
float rms_norm_row(const float* x, const float* weight, float eps, float* y, int64_t n);
float rms_norm_row(const bf16_t* x, const float* weight, float eps, bf16_t* y, int64_t n);
float rms_norm_row(const f16_t* x, const float* weight, float eps, f16_t* y, int64_t n);
/// dx = dy weight s - x s^3 mean(dy weight x), s being what rms_norm_row() returned.
void rms_norm_gradient(const float* dy, const float* x, const float* weight, float scale, float* dx, int64_t n);
void rms_norm_gradient(const bf16_t* dy, const bf16_t* x, const float* weight, float scale, bf16_t* dx, int64_t n);
void rms_norm_gradient(const f16_t* dy, const f16_t* x, const float* weight, float scale, f16_t* dx, int64_t n);

/// Conversions between stored types and f32, to nearest even.
void widen_values(const float* x, float* y, int64_t n);
void widen_values(const bf16_t* x, float* y, int64_t n);
void widen_values(const f16_t* x, float* y, int64_t n);
void narrow_values(const float* x, float* y, int64_t n);
void narrow_values(const float* x, bf16_t* y, int64_t n);
void narrow_values(const float* x, f16_t* y, int64_t n);

}  // namespace temper::cpu
