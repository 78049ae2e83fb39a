// The k largest values of each row by MPSMatrixFindTopK, which takes k up to 16. NaN in a row is an error, which MPS
// doesn't report: the host looks at the rows when the batch has run. What MPS wrote there is not defined. Our own
// kernel takes what MPS can't: larger k, and bf16.
#include "device/op_specs/top_k.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "device/metal/compute.h"
#include "device/metal/mps_rows.h"
#include "device/metal/placement.h"
#include "tensor/half.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/ranking.h"

using specs::TopK;

bool is_for_find_top_k(const Operand& x, const TopK::Attrs& attrs) {
  return (x.dtype() == DType::f32 || x.dtype() == DType::f16) && attrs.k <= kLargestTopK && attrs.k > 0 &&
         x.elements() > 0;
}

void encode_own_top_k(Encoder& encoder, Operands in, Operands out, const TopK::Attrs& attrs) {
  const int64_t columns = in[0].dim(-1), rows = columns ? in[0].elements() / columns : 0;
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"top_k", fmt::format("top_k_{}", kernel_type(in[0].dtype()))});
    commands.read(0, in[0]);
    commands.write(1, out[0]);
    commands.write(2, out[1]);
    commands.value(3, RankingParameters{static_cast<uint32_t>(columns), static_cast<uint32_t>(attrs.k), 0});
    commands.faults(4);
    commands.dispatch_groups({rows}, {row_threads(columns)});
  };
  metal_encoder(encoder).compute("top_k", in, out, {}, encode, {fault_messages::nan_in_row()});
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
  if (!is_for_find_top_k(in[0], attrs)) return encode_own_top_k(encoder, in, out, attrs);
  MetalEncoder& metal = metal_encoder(encoder);
  const MatrixStack x = *rows_of(in[0], "x"), values = *rows_of(out[0], "values"),
                    indices = *rows_of(out[1], "indices");
  validate_top_k("top_k", x, values, indices, attrs.k);
  metal.external("top_k", in, out, {},
                 [&](OpenCommands& commands) { encode_top_k(commands, metal.mps(), x, values, indices, attrs.k); },
                 {.message = fault_messages::nan_in_row(), .on_host = [x = in[0]](FaultReport& faults) {
                    x.dtype() == DType::f16 ? report_nan<f16_t>(x, faults) : report_nan<float>(x, faults);
                  }});
}

}  // namespace

void register_top_k(Placement& placement) {
  placement.add<TopK>({.supports = takes_floats<TopK>, .encode = encode_top_k_op}, "f32 f16 bf16");
}

}  // namespace temper::metal
