// Softmax and its logarithm over the last dimension, forward and backward, a row at a time in f32: exp(x - max) never
// overflows. Work O(rows d), no memory besides the outputs; f32 relative error a few ulp of the row's sum.
#include "device/op_specs/softmax.h"

#include "device/cpu/elements.h"
#include "device/cpu/row_math.h"

namespace temper::cpu {
namespace {

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
            softmax_gradient_row(x + at, second + at, y + at, d);
          if constexpr (std::is_same_v<Spec, specs::LogSoftmaxBackward>)
            log_softmax_gradient_row(x + at, second + at, y + at, d);
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
