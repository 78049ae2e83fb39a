// RMS norm forward and backward, a threadgroup a row; statistics in f32. Source: Zhang and Sennrich 2019, eq. 4; backward
// by the product rule: dx = inv_rms (dy w - x inv_rms^2 mean(dy w x)). The weight's gradient sums rows in blocks of
// kGradRows, then the blocks, so that its order depends on the shape only. Work O(rows d); memory: x twice (the second
// time from cache), y once. Tolerance: d / 32 additions in f32, then one rounding to the type.
#include "kernels/shared/rows.metal"
#include "parameters/rows.h"

constant constexpr uint kGradRows = 32;

template <class T, class W>
kernel void rms_norm(device const T* x [[buffer(0)]], device const W* weight [[buffer(1)]], device T* y [[buffer(2)]],
                     device float* inv_rms [[buffer(3)]], constant RowParameters& p [[buffer(4)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  float sum = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) {
    const float value = float(x[first + i]);
    sum += value * value;
  }
  sum = row_sum(sum, parts, at);
  const float scale = 1.0f / precise::sqrt(sum / float(p.columns) + p.eps);
  if (at.index == 0) inv_rms[row] = scale;
  for (uint i = at.index; i < p.columns; i += at.count)
    y[first + i] = T(float(x[first + i]) * scale * float(weight[i]));
}

template <class T, class W>
kernel void rms_norm_backward(device const T* dy [[buffer(0)]], device const T* x [[buffer(1)]],
                              device const W* weight [[buffer(2)]], device const float* inv_rms [[buffer(3)]],
                              device T* dx [[buffer(4)]], constant RowParameters& p [[buffer(5)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  const float scale = inv_rms[row];
  float dot = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count)
    dot += float(dy[first + i]) * float(weight[i]) * float(x[first + i]);
  const float pull = row_sum(dot, parts, at) * scale * scale * scale / float(p.columns);
  for (uint i = at.index; i < p.columns; i += at.count)
    dx[first + i] = T(float(dy[first + i]) * float(weight[i]) * scale - float(x[first + i]) * pull);
}

// Sums of dy x inv_rms over a block of rows, a thread a column: partial [blocks, d].
template <class T>
kernel void rms_norm_weight_grad(device const T* dy [[buffer(0)]], device const T* x [[buffer(1)]],
                                 device const float* inv_rms [[buffer(2)]], device float* partial [[buffer(3)]],
                                 constant RowParameters& p [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (uint row = at.y * kGradRows; row < min(p.rows, (at.y + 1) * kGradRows); ++row) {
    const ulong i = ulong(row) * p.columns + at.x;
    sum += float(dy[i]) * float(x[i]) * inv_rms[row];
  }
  partial[ulong(at.y) * p.columns + at.x] = sum;
}

KERNELS_OF_FLOATS_AND_WEIGHTS(rms_norm)
KERNELS_OF_FLOATS_AND_WEIGHTS(rms_norm_backward)
KERNELS_OF_FLOATS(rms_norm_weight_grad)
