// Layer norm forward and backward, a row at a time; statistics in f32 by two passes (mean, then squared differences),
// so that a large common offset doesn't cancel. Source: Ba et al. 2016. Work and memory O(rows d). Weight gradients are
// summed over fixed blocks of rows, then over blocks, so they don't depend on the threads.
#include "device/op_specs/layer_norm.h"

#include <cmath>

#include "device/cpu/elements.h"
#include "device/cpu/row_math.h"
#include "device/cpu/scratch.h"

namespace temper::cpu {
namespace {

using specs::LayerNorm;
using specs::LayerNormBackward;

constexpr int64_t kLayerNormGradRows = 64;

/// sum of f(i) for i in [0, n) in eight partial sums: more exact than one running sum.
template <class F>
float sum_in_parts(int64_t n, F&& f) {
  float parts[8] = {};
  for (int64_t i = 0; i < n; ++i) parts[i % 8] += f(i);
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

template <class T, class W>
void launch_layer_norm(Encoder& encoder, Operands in, Operands out, float eps) {
  const int64_t d = in[0].dim(-1), rows = d ? in[0].elements() / d : 0;
  const T* x = data_of<const T>(in[0]);
  const W *weight = data_of<const W>(in[1]), *bias = data_of<const W>(in[2]);
  T* y = data_of<T>(out[0]);
  float *means = data_of<float>(out[1]), *inv_stds = data_of<float>(out[2]);
  cpu_encoder(encoder).launch("layer_norm", in, out, [=](ThreadPool& pool) {
    parallel_for(pool, rows, row_grain(d), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const LayerNormStatistics row = layer_norm_row(x + r * d, weight, bias, eps, y + r * d, d);
        means[r] = row.mean;
        inv_stds[r] = row.inv_std;
      }
    });
  });
}

template <class T, class W>
void launch_layer_norm_backward(Encoder& encoder, Operands in, Operands out, bool want_weight_grad) {
  const int64_t d = in[1].dim(-1), rows = d ? in[1].elements() / d : 0;
  const T *dy = data_of<const T>(in[0]), *x = data_of<const T>(in[1]);
  const W* weight = data_of<const W>(in[2]);
  const float *means = data_of<const float>(in[3]), *inv_stds = data_of<const float>(in[4]);
  T* dx = data_of<T>(out[0]);
  float* dweight = want_weight_grad ? data_of<float>(out[1]) : nullptr;
  float* dbias = want_weight_grad ? data_of<float>(out[2]) : nullptr;
  cpu_encoder(encoder).launch("layer_norm_backward", in, out, [=](Workspace& work) {
    const int64_t blocks = (rows + kLayerNormGradRows - 1) / kLayerNormGradRows;
    float* partial = dweight ? work.scratch.take(ScratchSlot::a, static_cast<size_t>(blocks * 2 * d)) : nullptr;
    work.threads.run(blocks, [&](int64_t block) {
      float* sums = partial ? partial + block * 2 * d : nullptr;
      if (sums) std::fill_n(sums, 2 * d, 0.0f);
      for (int64_t r = block * kLayerNormGradRows; r < std::min(rows, (block + 1) * kLayerNormGradRows); ++r) {
        const T *dyr = dy + r * d, *xr = x + r * d;
        const float mean = means[r], inv_std = inv_stds[r];
        const auto normed = [&](int64_t i) { return (to_f32(xr[i]) - mean) * inv_std; };
        const auto g = [&](int64_t i) { return to_f32(dyr[i]) * to_f32(weight[i]); };
        const float mean_g = sum_in_parts(d, g) / static_cast<float>(d);
        const float mean_gn = sum_in_parts(d, [&](int64_t i) { return g(i) * normed(i); }) / static_cast<float>(d);
        if (sums)
          for (int64_t i = 0; i < d; ++i) {
            sums[i] += to_f32(dyr[i]) * normed(i);
            sums[d + i] += to_f32(dyr[i]);
          }
        for (int64_t i = 0; i < d; ++i) dx[r * d + i] = from_f32<T>(inv_std * (g(i) - (mean_g + normed(i) * mean_gn)));
      }
    });
    if (!dweight) return;
    std::fill_n(dweight, d, 0.0f);
    std::fill_n(dbias, d, 0.0f);
    for (int64_t block = 0; block < blocks; ++block)
      for (int64_t i = 0; i < d; ++i) {
        dweight[i] += partial[block * 2 * d + i];
        dbias[i] += partial[block * 2 * d + d + i];
      }
  });
}

bool supports_layer_norm(std::span<const TensorSpec> in, const LayerNorm::Attrs&) {
  return is_compute_type(in[0].dtype);
}
bool supports_layer_norm_backward(std::span<const TensorSpec> in, const LayerNormBackward::Attrs&) {
  return is_compute_type(in[1].dtype);
}

template <class F>
void for_layer_norm_types(DType x, DType weight, F&& f) {
  for_compute_type(x, [&]<class T> {
    if (weight == DType::f32)
      f.template operator()<T, float>();
    else
      f.template operator()<T, T>();
  });
}

void encode_layer_norm(Encoder& encoder, Operands in, Operands out, const LayerNorm::Attrs& attrs) {
  for_layer_norm_types(in[0].dtype(), in[1].dtype(),
                       [&]<class T, class W> { launch_layer_norm<T, W>(encoder, in, out, attrs.eps); });
}

void encode_layer_norm_backward(Encoder& encoder, Operands in, Operands out, const LayerNormBackward::Attrs& attrs) {
  for_layer_norm_types(in[1].dtype(), in[2].dtype(), [&]<class T, class W> {
    launch_layer_norm_backward<T, W>(encoder, in, out, attrs.want_weight_grad);
  });
}

}  // namespace

void register_layer_norm(KernelTable& table) {
  table.add<LayerNorm>({.supports = supports_layer_norm, .encode = encode_layer_norm});
  table.add<LayerNormBackward>({.supports = supports_layer_norm_backward, .encode = encode_layer_norm_backward});
}

}  // namespace temper::cpu
