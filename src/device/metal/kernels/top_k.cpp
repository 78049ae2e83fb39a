// The k largest values of each row by MPSMatrixFindTopK, which takes k up to 16. NaN in a row is an error, which MPS
// doesn't report: the host looks at the rows when it next waits for the stream anyway.
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
bool has_nan(const Operand& operand) {
  const auto bytes =
      memory_of(*operand.buffer)
          .on_host(static_cast<size_t>(operand.spec.layout.offset) * sizeof(T), operand.spec.bytes(), HostAccess::read);
  const std::span<const T> values(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
  return std::ranges::any_of(values, [](T value) { return std::isnan(to_f32(value)); });
}

void encode_top_k_op(Encoder& encoder, Operands in, Operands out, const TopK::Attrs& attrs) {
  MetalEncoder& metal = metal_encoder(encoder);
  const MatrixStack x = *rows_of(in[0], "x"), values = *rows_of(out[0], "values");
  for (const MatrixStack* matrix : {&x, &values}) validate("top_k", *matrix);
  metal.external("top_k", in, out, {},
                 [&](OpenCommands& commands) { encode_top_k(commands, metal.mps(), x, values, out[1], attrs.k); });
  metal.check_on_host("top_k", in, out, [x = in[0]] {
    if (x.dtype() == DType::f16 ? has_nan<f16_t>(x) : has_nan<float>(x))
      fail(ErrorCode::numeric, "top_k: NaN in the values has no place in their order");
  });
}

}  // namespace

void register_top_k(Placement& placement) {
  placement.add<TopK>({.supports = supports_top_k, .encode = encode_top_k_op}, "f32 f16");
}

}  // namespace temper::metal
