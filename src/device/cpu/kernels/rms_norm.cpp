// RMS norm forward and backward, a row at a time; statistics in f32. Source: Zhang and Sennrich 2019, eq. 4; backward
// by the product rule: dx = inv_rms (dy w - xhat mean(dy w xhat)) with xhat = x inv_rms. Work and memory O(rows d).
// Weight gradients are summed over fixed blocks of rows, then over blocks, so they don't depend on the threads.
#include "device/op_specs/rms_norm.h"

#include <algorithm>

#include "device/cpu/elements.h"
#include "device/cpu/panels.h"

namespace temper::cpu {
namespace {

using specs::RmsNorm;
using specs::RmsNormBackward;

constexpr int64_t kWeightGradRows = 64;

template <class T, class W>
void launch_forward(Encoder& encoder, Operands in, Operands out, float eps) {
  const int64_t d = in[0].dim(-1), rows = d ? in[0].elements() / d : 0;
  const T* x = data_of<const T>(in[0]);
  const W* weight = data_of<const W>(in[1]);
  T* y = data_of<T>(out[0]);
  float* inv_rms = data_of<float>(out[1]);
  cpu_encoder(encoder).launch("rms_norm", in, out, [=](Workspace& work) {
    const float* wide_weight = widened(work, weight, d, ScratchSlot::b);
    parallel_for(work, rows, row_grain(d), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) inv_rms[r] = rms_norm_row(x + r * d, wide_weight, eps, y + r * d, d);
    });
  });
}

template <class T, class W>
void launch_backward(Encoder& encoder, Operands in, Operands out, bool want_weight_grad) {
  const int64_t d = in[1].dim(-1), rows = d ? in[1].elements() / d : 0;
  const T *dy = data_of<const T>(in[0]), *x = data_of<const T>(in[1]);
  const W* weight = data_of<const W>(in[2]);
  const float* inv_rms = data_of<const float>(in[3]);
  T* dx = data_of<T>(out[0]);
  float* dweight = want_weight_grad ? data_of<float>(out[1]) : nullptr;
  cpu_encoder(encoder).launch("rms_norm_backward", in, out, [=](Workspace& work) {
    const float* wide_weight = widened(work, weight, d, ScratchSlot::b);
    const int64_t blocks = (rows + kWeightGradRows - 1) / kWeightGradRows;
    float* partial = dweight ? work.scratch.take(ScratchSlot::a, static_cast<size_t>(blocks * d)) : nullptr;
    work.threads.run(blocks, [&](int64_t block) {
      float* sums = partial ? partial + block * d : nullptr;
      if (sums) std::fill_n(sums, d, 0.0f);
      for (int64_t r = block * kWeightGradRows; r < std::min(rows, (block + 1) * kWeightGradRows); ++r) {
        const T *dyr = dy + r * d, *xr = x + r * d;
        const float scale = inv_rms[r];
        if (sums)
          for (int64_t i = 0; i < d; ++i) sums[i] += to_f32(dyr[i]) * to_f32(xr[i]) * scale;
        rms_norm_gradient(dyr, xr, wide_weight, scale, dx + r * d, d);
      }
    });
    if (!dweight) return;
    std::fill_n(dweight, d, 0.0f);
    for (int64_t block = 0; block < blocks; ++block)
      for (int64_t i = 0; i < d; ++i) dweight[i] += partial[block * d + i];
  });
}

bool supports(std::span<const TensorSpec> in, const RmsNorm::Attrs&) {
  return is_compute_type(in[0].dtype);
}
bool supports_backward(std::span<const TensorSpec> in, const RmsNormBackward::Attrs&) {
  return is_compute_type(in[1].dtype);
}

template <class F>
void for_types(DType x, DType weight, F&& f) {
  for_compute_type(x, [&]<class T> {
    if (weight == DType::f32)
      f.template operator()<T, float>();
    else
      f.template operator()<T, T>();
  });
}

void encode(Encoder& encoder, Operands in, Operands out, const RmsNorm::Attrs& attrs) {
  for_types(in[0].dtype(), in[1].dtype(), [&]<class T, class W> { launch_forward<T, W>(encoder, in, out, attrs.eps); });
}

void encode_backward(Encoder& encoder, Operands in, Operands out, const RmsNormBackward::Attrs& attrs) {
  for_types(in[1].dtype(), in[2].dtype(),
            [&]<class T, class W> { launch_backward<T, W>(encoder, in, out, attrs.want_weight_grad); });
}

}  // namespace

void register_rms_norm(KernelTable& table) {
  table.add<RmsNorm>({.supports = supports, .encode = encode});
  table.add<RmsNormBackward>({.supports = supports_backward, .encode = encode_backward});
}

}  // namespace temper::cpu
