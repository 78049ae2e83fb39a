// Softmax and its logarithm over the last dimension, forward and backward, a row at a time in f32: exp(x - max) never
// overflows. Work O(rows d), no memory besides the outputs; f32 relative error a few ulp of the row's sum.
#include "device/op_specs/softmax.h"

#include <cmath>
#include <limits>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

template <class T>
float row_max(const T* x, int64_t d) {
  // A row of -infinity keeps this: then every exponential is 0 and the sum is clamped below.
  float top = std::numeric_limits<float>::lowest();
  for (int64_t i = 0; i < d; ++i) top = std::max(top, to_f32(x[i]));
  return top;
}

/// sum exp(x - top): at least 1 unless all of the row is -infinity. Four partial sums, for accuracy.
template <class T>
float sum_of_exponentials(const T* x, int64_t d, float top) {
  float parts[4] = {};
  for (int64_t i = 0; i < d; ++i) parts[i % 4] += std::exp(to_f32(x[i]) - top);
  const float total = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  return total == 0.0f ? std::numeric_limits<float>::min() : total;
}

template <class T>
void softmax_row(const T* x, T* y, int64_t d) {
  const float top = row_max(x, d);
  const float scale = 1.0f / sum_of_exponentials(x, d, top);
  for (int64_t i = 0; i < d; ++i) y[i] = from_f32<T>(std::exp(to_f32(x[i]) - top) * scale);
}

template <class T>
void log_softmax_row(const T* x, T* y, int64_t d) {
  const float top = row_max(x, d);
  const float log_sum = std::log(sum_of_exponentials(x, d, top));
  for (int64_t i = 0; i < d; ++i) y[i] = from_f32<T>(to_f32(x[i]) - top - log_sum);
}

template <class T>
void softmax_backward_row(const T* dy, const T* y, T* dx, int64_t d) {
  float dot = 0.0f;
  for (int64_t i = 0; i < d; ++i) dot += to_f32(dy[i]) * to_f32(y[i]);
  for (int64_t i = 0; i < d; ++i) dx[i] = from_f32<T>(to_f32(y[i]) * (to_f32(dy[i]) - dot));
}

template <class T>
void log_softmax_backward_row(const T* dy, const T* y, T* dx, int64_t d) {
  float total = 0.0f;
  for (int64_t i = 0; i < d; ++i) total += to_f32(dy[i]);
  for (int64_t i = 0; i < d; ++i) dx[i] = from_f32<T>(to_f32(dy[i]) - std::exp(to_f32(y[i])) * total);
}

template <class Spec>
bool supports_rows(std::span<const TensorSpec> in, const typename Spec::Attrs&) {
  return is_compute_type(in[0].dtype);
}

template <class Spec>
void encode_rows(Encoder& encoder, Operands in, Operands out, const typename Spec::Attrs&) {
  const int64_t d = out[0].dim(-1), rows = d ? out[0].elements() / d : 0;
  for_compute_type(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    const T* second = in.size() > 1 ? data_of<const T>(in[1]) : nullptr;
    T* y = data_of<T>(out[0]);
    cpu_encoder(encoder).launch(Spec::name, in, out, [=](ThreadPool& pool) {
      parallel_for(pool, rows, row_grain(d), [&](int64_t begin, int64_t end) {
        for (int64_t at = begin * d; at < end * d; at += d) {
          if constexpr (std::is_same_v<Spec, specs::Softmax>) softmax_row(x + at, y + at, d);
          if constexpr (std::is_same_v<Spec, specs::LogSoftmax>) log_softmax_row(x + at, y + at, d);
          if constexpr (std::is_same_v<Spec, specs::SoftmaxBackward>)
            softmax_backward_row(x + at, second + at, y + at, d);
          if constexpr (std::is_same_v<Spec, specs::LogSoftmaxBackward>)
            log_softmax_backward_row(x + at, second + at, y + at, d);
        }
      });
    });
  });
}

template <class Spec>
void add_rows(KernelTable& table) {
  table.add<Spec>({.supports = supports_rows<Spec>, .encode = encode_rows<Spec>, .in_place_input = 0});
}

}  // namespace

void register_softmax(KernelTable& table) {
  add_rows<specs::Softmax>(table);
  add_rows<specs::SoftmaxBackward>(table);
  add_rows<specs::LogSoftmax>(table);
  add_rows<specs::LogSoftmaxBackward>(table);
}

}  // namespace temper::cpu
