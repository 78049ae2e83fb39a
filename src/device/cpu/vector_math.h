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

/// out[i] = x . row i of `rows` rows of n values, `stride` apart.
void dot_matrix(const float* x, const float* w, int64_t stride, int64_t rows, int64_t n, float* out);
void dot_matrix(const float* x, const bf16_t* w, int64_t stride, int64_t rows, int64_t n, float* out);
void dot_matrix(const float* x, const f16_t* w, int64_t stride, int64_t rows, int64_t n, float* out);
/// y = sum over i of factors[i] row i.
void sum_rows(const float* factors, const float* w, int64_t stride, int64_t rows, int64_t n, float* y);
void sum_rows(const float* factors, const bf16_t* w, int64_t stride, int64_t rows, int64_t n, float* y);
void sum_rows(const float* factors, const f16_t* w, int64_t stride, int64_t rows, int64_t n, float* y);

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

/// y = silu(gate) up.
void swiglu_values(const float* gate, const float* up, float* y, int64_t n);
/// Gradients of the same; either output may be null.
void swiglu_gradients(const float* dy, const float* gate, const float* up, float* dgate, float* dup, int64_t n);

/// Conversions between stored types and f32, to nearest even.
void widen_values(const float* x, float* y, int64_t n);
void widen_values(const bf16_t* x, float* y, int64_t n);
void widen_values(const f16_t* x, float* y, int64_t n);
void narrow_values(const float* x, float* y, int64_t n);
void narrow_values(const float* x, bf16_t* y, int64_t n);
void narrow_values(const float* x, f16_t* y, int64_t n);

}  // namespace temper::cpu
