#include "device/op_specs/binary.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/dimensions.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/binary.h"

using specs::Binary;

bool supports_binary(std::span<const TensorSpec> in, const Binary::Attrs&) {
  return (is_kernel_float(in[0].dtype) || in[0].dtype == DType::i32) && fits_kernels(in) &&
         broadcast_shapes(in[0].shape(), in[1].shape(), "binary").elements() < int64_t{1} << 31;
}

void encode_binary(Encoder& encoder, Operands in, Operands out, const Binary::Attrs& attrs) {
  const Layout a = in[0].spec.layout.broadcast_to(out[0].shape()), b = in[1].spec.layout.broadcast_to(out[0].shape());
  BinaryParameters parameters{};
  parameters.count = static_cast<uint32_t>(out[0].elements());
  const CommonDimensions dimensions({&a, &b});
  parameters.rank = dimensions.write(parameters.extents, {parameters.a_strides, parameters.b_strides});
  const bool flat = parameters.rank <= 1 && parameters.a_strides[0] == 1 && parameters.b_strides[0] == 1;
  metal_encoder(encoder).compute("binary", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"binary",
                     fmt::format("binary_{}", kernel_type(in[0].dtype())),
                     {{0, static_cast<int32_t>(attrs.kind)}, {1, flat}}});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, parameters);
    commands.dispatch_elements(out[0].elements());
  });
}

}  // namespace

void register_binary(Placement& placement) {
  placement.add<Binary>(
      {.supports = supports_binary, .encode = encode_binary, .takes_strided = true, .in_place_input = 0},
      "f32 f16 bf16 i32");
}

}  // namespace temper::metal
