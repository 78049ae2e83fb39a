// The k largest values of each row by MPSMatrixFindTopK, which takes k up to 16. NaN in a row is an error, which MPS
// doesn't report: the host looks at the rows when the batch has run. What MPS wrote there is not defined.
#include "device/op_specs/top_k.h"

#include <algorithm>
#include <cmath>

#include "device/metal/mps_rows.h"
#include "device/metal/placement.h"
#include "tensor/half.h"

namespace temper::metal {
namespace {

using specs::TopK;

constexpr int64_t kMostValues = 16;

bool supports_top_k(std::span<const TensorSpec> in, const TopK::Attrs& attrs) {
  return (in[0].dtype == DType::f32 || in[0].dtype == DType::f16) && attrs.k <= kMostValues && attrs.k > 0 &&
         in[0].shape().elements() > 0;
}

template <class T>
void report_nan(const Operand& x, FaultReport& faults) {
  const auto bytes = memory_of(*x.buffer).on_host(static_cast<size_t>(x.spec.layout.offset) * sizeof(T), x.spec.bytes(),
                                                  HostAccess::read);
  const std::span<const T> values(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
  const auto nan = std::ranges::find_if(values, [](T value) { return std::isnan(to_f32(value)); });
  if (nan == values.end()) return;
  const int64_t at = nan - values.begin(), columns = x.dim(-1);
  faults(at / columns, {static_cast<int32_t>(at % columns)});
}

void encode_top_k_op(Encoder& encoder, Operands in, Operands out, const TopK::Attrs& attrs) {
  MetalEncoder& metal = metal_encoder(encoder);
  const MatrixStack x = *rows_of(in[0], "x"), values = *rows_of(out[0], "values");
  for (const MatrixStack* matrix : {&x, &values}) validate("top_k", *matrix);
  metal.external("top_k", in, out, {},
                 [&](OpenCommands& commands) { encode_top_k(commands, metal.mps(), x, values, out[1], attrs.k); },
                 {.message = fault_messages::nan_in_row(), .on_host = [x = in[0]](FaultReport& faults) {
                    x.dtype() == DType::f16 ? report_nan<f16_t>(x, faults) : report_nan<float>(x, faults);
                  }});
}

}  // namespace

void register_top_k(Placement& placement) {
  placement.add<TopK>({.supports = supports_top_k, .encode = encode_top_k_op}, "f32 f16");
}

}  // namespace temper::metal
