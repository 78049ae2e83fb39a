// f(x) and dy f'(x), element by element, in f32; the function is a constant of the compiled kernel.
// Source: the definitions; erfc by the Chebyshev fit of Press et al., Numerical Recipes, sec. 6.2 (relative error below
// 1.2e-7 everywhere). Work O(n); memory: reads x (and dy), writes y once. Tolerance: a few ulp of f32.
#include "kernels/shared/types.metal"
#include "parameters/unary.h"

constant int kind [[function_constant(0)]];  // specs::Unary::Kind
constant constexpr int kAffine = 0;
constant constexpr int kExp = 1;
constant constexpr int kLog = 2;
constant constexpr int kSqrt = 3;
constant constexpr int kRsqrt = 4;
constant constexpr int kTanh = 5;
constant constexpr int kSigmoid = 6;
constant constexpr int kSilu = 7;
constant constexpr int kGelu = 8;

constant constexpr float kRootHalf = 0.70710678118654752f;
constant constexpr float kRootTwoOverPi = 0.79788456080286536f;
constant constexpr float kGeluCubic = 0.044715f;

inline float erfc_of(float x) {
  const float z = abs(x), t = 1.0f / (1.0f + 0.5f * z);
  const float fit =
      -1.26551223f +
      t * (1.00002368f +
           t * (0.37409196f +
                t * (0.09678418f +
                     t * (-0.18628806f +
                          t * (0.27886807f +
                               t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
  const float tail = t * precise::exp(-z * z + fit);
  return x >= 0.0f ? tail : 2.0f - tail;
}

inline float sigmoid_of(float x) { return 1.0f / (1.0f + precise::exp(-x)); }

inline float value_of(float x, constant UnaryParameters& p) {
  if (kind == kAffine) return p.scale * x + p.offset;
  if (kind == kExp) return precise::exp(x);
  if (kind == kLog) return precise::log(x);
  if (kind == kSqrt) return precise::sqrt(x);
  if (kind == kRsqrt) return 1.0f / precise::sqrt(x);
  if (kind == kTanh) return precise::tanh(x);
  if (kind == kSigmoid) return sigmoid_of(x);
  if (kind == kSilu) return x / (1.0f + precise::exp(-x));
  if (kind == kGelu) return 0.5f * x * erfc_of(-x * kRootHalf);
  return 0.5f * x * (1.0f + precise::tanh(kRootTwoOverPi * (x + kGeluCubic * x * x * x)));
}

inline float derivative_of(float x, constant UnaryParameters& p) {
  if (kind == kAffine) return p.scale;
  if (kind == kExp) return precise::exp(x);
  if (kind == kLog) return 1.0f / x;
  if (kind == kSqrt) return 0.5f / precise::sqrt(x);
  if (kind == kRsqrt) return -0.5f / (x * precise::sqrt(x));
  if (kind == kTanh) {
    const float t = precise::tanh(x);
    return 1.0f - t * t;
  }
  const float s = sigmoid_of(x);
  if (kind == kSigmoid) return s * (1.0f - s);
  if (kind == kSilu) return s * (1.0f + x * (1.0f - s));
  if (kind == kGelu)
    return 0.5f * erfc_of(-x * kRootHalf) + x * precise::exp(-0.5f * x * x) * (0.5f * kRootTwoOverPi);
  const float t = precise::tanh(kRootTwoOverPi * (x + kGeluCubic * x * x * x));
  const float slope = kRootTwoOverPi * (1.0f + 3.0f * kGeluCubic * x * x);
  return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * slope;
}

template <class T>
kernel void unary(device const T* x [[buffer(0)]], device T* y [[buffer(1)]], constant UnaryParameters& p [[buffer(2)]],
                  uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.count); ++i) y[i] = T(value_of(float(x[i]), p));
}

template <class T>
kernel void unary_backward(device const T* dy [[buffer(0)]], device const T* x [[buffer(1)]],
                           device T* dx [[buffer(2)]], constant UnaryParameters& p [[buffer(3)]],
                           uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.count); ++i)
    dx[i] = T(float(dy[i]) * derivative_of(float(x[i]), p));
}

KERNELS_OF_FLOATS(unary)
KERNELS_OF_FLOATS(unary_backward)
