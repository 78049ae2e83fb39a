// Layer norm forward and backward, a threadgroup a row; statistics in f32 by two passes (mean, then squared differences),
// so that a large common offset doesn't cancel. Source: Ba et al. 2016; backward: with n = (x - mean) inv_std and
// g = dy weight, dx = inv_std (g - mean(g) - n mean(g n)). Gradients of weight and bias sum rows in blocks of kGradRows,
// then the blocks. Work O(rows d); memory: x three times (twice from cache), y once. Tolerance: as rms_norm.
#include "kernels/shared/rows.metal"
#include "parameters/rows.h"

constant constexpr uint kGradRows = 32;

template <class T, class W>
kernel void layer_norm(device const T* x [[buffer(0)]], device const W* weight [[buffer(1)]],
                       device const W* bias [[buffer(2)]], device T* y [[buffer(3)]], device float* means [[buffer(4)]],
                       device float* inv_stds [[buffer(5)]], constant RowParameters& p [[buffer(6)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  float sum = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) sum += float(x[first + i]);
  const float mean = row_sum(sum, parts, at) / float(p.columns);
  float squares = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) {
    const float centred = float(x[first + i]) - mean;
    squares += centred * centred;
  }
  const float variance = row_sum(squares, parts, at) / float(p.columns);
  const float inv_std = 1.0f / precise::sqrt(variance + p.eps);
  if (at.index == 0) {
    means[row] = mean;
    inv_stds[row] = inv_std;
  }
  for (uint i = at.index; i < p.columns; i += at.count)
    y[first + i] = T((float(x[first + i]) - mean) * inv_std * float(weight[i]) + float(bias[i]));
}

template <class T, class W>
kernel void layer_norm_backward(device const T* dy [[buffer(0)]], device const T* x [[buffer(1)]],
                                device const W* weight [[buffer(2)]], device const float* means [[buffer(3)]],
                                device const float* inv_stds [[buffer(4)]], device T* dx [[buffer(5)]],
                                constant RowParameters& p [[buffer(6)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  const ulong first = ulong(row) * p.columns;
  const float mean = means[row], inv_std = inv_stds[row];
  float sum_g = 0.0f, sum_gn = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) {
    const float g = float(dy[first + i]) * float(weight[i]);
    sum_g += g;
    sum_gn += g * (float(x[first + i]) - mean) * inv_std;
  }
  const float mean_g = row_sum(sum_g, parts, at) / float(p.columns);
  const float mean_gn = row_sum(sum_gn, parts, at) / float(p.columns);
  for (uint i = at.index; i < p.columns; i += at.count) {
    const float normed = (float(x[first + i]) - mean) * inv_std;
    dx[first + i] = T(inv_std * (float(dy[first + i]) * float(weight[i]) - (mean_g + normed * mean_gn)));
  }
}

// Sums over a block of rows, a thread a column: partial [blocks, 2 d] holds those of dy n, then those of dy.
template <class T>
kernel void layer_norm_weight_grad(device const T* dy [[buffer(0)]], device const T* x [[buffer(1)]],
                                   device const float* means [[buffer(2)]], device const float* inv_stds [[buffer(3)]],
                                   device float* partial [[buffer(4)]], constant RowParameters& p [[buffer(5)]],
                                   uint2 at [[thread_position_in_grid]]) {
  float weight_sum = 0.0f, bias_sum = 0.0f;
  for (uint row = at.y * kGradRows; row < min(p.rows, (at.y + 1) * kGradRows); ++row) {
    const ulong i = ulong(row) * p.columns + at.x;
    weight_sum += float(dy[i]) * (float(x[i]) - means[row]) * inv_stds[row];
    bias_sum += float(dy[i]);
  }
  const ulong first = ulong(at.y) * 2 * p.columns + at.x;
  partial[first] = weight_sum;
  partial[first + p.columns] = bias_sum;
}

// The blocks together, a thread a column.
kernel void layer_norm_weight_grad_total(device const float* partial [[buffer(0)]], device float* dweight [[buffer(1)]],
                                         device float* dbias [[buffer(2)]], constant RowParameters& p [[buffer(3)]],
                                         uint column [[thread_position_in_grid]]) {
  float weight_sum = 0.0f, bias_sum = 0.0f;
  for (uint block = 0; block < p.rows; ++block) {
    const ulong first = ulong(block) * 2 * p.columns + column;
    weight_sum += partial[first];
    bias_sum += partial[first + p.columns];
  }
  dweight[column] = weight_sum;
  dbias[column] = bias_sum;
}

KERNELS_OF_FLOATS_AND_WEIGHTS(layer_norm)
KERNELS_OF_FLOATS_AND_WEIGHTS(layer_norm_backward)
KERNELS_OF_FLOATS(layer_norm_weight_grad)
