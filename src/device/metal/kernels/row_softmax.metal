// Softmax and its logarithm over the last dimension, forward and backward, a threadgroup a row, in f32: exp(x - max) never
// overflows. A row of -infinity gives zeros (its logarithm: -infinity); a NaN or +infinity makes its row NaN.
// Work O(rows d); memory: x three times (twice from cache), y once. Tolerance: d / 32 additions in f32, then one
// rounding to the type.
#include "kernels/shared/rows.metal"
#include "parameters/rows.h"

// The largest element, or the lowest finite number for a row of -infinity: then every exponential is 0.
template <class T>
inline float row_top(device const T* x, uint columns, threadgroup float* parts, RowThread at) {
  float top = -FLT_MAX;
  for (uint i = at.index; i < columns; i += at.count) top = max(top, float(x[i]));
  return row_max(top, parts, at);
}

// sum exp(x - top): at least 1 unless the whole row is -infinity.
template <class T>
inline float row_exponentials(device const T* x, uint columns, float top, threadgroup float* parts, RowThread at) {
  float sum = 0.0f;
  for (uint i = at.index; i < columns; i += at.count) sum += precise::exp(float(x[i]) - top);
  sum = row_sum(sum, parts, at);
  return sum == 0.0f ? FLT_MIN : sum;
}

template <class T>
kernel void softmax(device const T* x [[buffer(0)]], device T* y [[buffer(1)]], constant RowParameters& p [[buffer(2)]],
                    ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  const float top = row_top(x + first, p.columns, parts, at);
  const float scale = 1.0f / row_exponentials(x + first, p.columns, top, parts, at);
  for (uint i = at.index; i < p.columns; i += at.count)
    y[first + i] = T(precise::exp(float(x[first + i]) - top) * scale);
}

template <class T>
kernel void log_softmax(device const T* x [[buffer(0)]], device T* y [[buffer(1)]],
                        constant RowParameters& p [[buffer(2)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  const float top = row_top(x + first, p.columns, parts, at);
  const float log_sum = precise::log(row_exponentials(x + first, p.columns, top, parts, at));
  for (uint i = at.index; i < p.columns; i += at.count) y[first + i] = T(float(x[first + i]) - top - log_sum);
}

template <class T>
kernel void softmax_backward(device const T* dy [[buffer(0)]], device const T* y [[buffer(1)]],
                             device T* dx [[buffer(2)]], constant RowParameters& p [[buffer(3)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  float dot = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) dot += float(dy[first + i]) * float(y[first + i]);
  dot = row_sum(dot, parts, at);
  for (uint i = at.index; i < p.columns; i += at.count)
    dx[first + i] = T(float(y[first + i]) * (float(dy[first + i]) - dot));
}

template <class T>
kernel void log_softmax_backward(device const T* dy [[buffer(0)]], device const T* y [[buffer(1)]],
                                 device T* dx [[buffer(2)]], constant RowParameters& p [[buffer(3)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  float total = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) total += float(dy[first + i]);
  total = row_sum(total, parts, at);
  for (uint i = at.index; i < p.columns; i += at.count)
    dx[first + i] = T(float(dy[first + i]) - precise::exp(float(y[first + i])) * total);
}

KERNELS_OF_FLOATS(softmax)
KERNELS_OF_FLOATS(log_softmax)
KERNELS_OF_FLOATS(softmax_backward)
KERNELS_OF_FLOATS(log_softmax_backward)
