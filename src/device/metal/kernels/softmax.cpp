// Softmax, log-softmax and softmax's gradient along the last dimension by the MPS kernels of these names. Apple says
// nothing about a row of -infinity, whose answer here is zeros: so each row gets one more column that holds a very low
// finite value. It adds exp(low - max) = 0 to the sum of any row with an ordinary value, and takes all of the weight of
// a row without one. That costs a copy in and a copy out.
#include "device/op_specs/softmax.h"

#include "device/metal/blit.h"
#include "device/metal/mps_rows.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::LogSoftmax;
using specs::Softmax;
using specs::SoftmaxBackward;

// Repeated over an element this byte is -2.6e36 in f32 and -65376 in f16.
constexpr uint8_t kLowByte = 0xfb;

bool supports(std::span<const TensorSpec> in) {
  return (in[0].dtype == DType::f32 || in[0].dtype == DType::f16) && in[0].shape().elements() > 0;
}

void encode_rows(Encoder& encoder, std::string_view op, Operands in, Operands out, bool logarithm) {
  MetalEncoder& metal = metal_encoder(encoder);
  const MatrixStack x = *rows_of(in[0], "x"), y = *rows_of(out[0], "y");
  const Operand wide[] = {metal.scratch(x.dtype, {x.rows, x.columns + 1}),
                          metal.scratch(x.dtype, {x.rows, x.columns + 1})};
  const MatrixStack wide_x = *rows_of(wide[0], "x with a low column"), wide_y = *rows_of(wide[1], "its softmax");
  for (const MatrixStack* matrix : {&x, &y, &wide_x, &wide_y}) validate(op, *matrix);
  metal.external(op, in, out, wide, [&](OpenCommands& commands) {
    encode_fill(commands, wide[0], kLowByte);
    encode_matrix_copy(commands, metal.mps(), x, wide_x.part(0, x.rows, 0, x.columns), false);
    encode_softmax(commands, metal.mps(), wide_x, wide_y, logarithm);
    encode_matrix_copy(commands, metal.mps(), wide_y.part(0, x.rows, 0, x.columns), y, false);
  });
}

void encode_softmax_backward(Encoder& encoder, Operands in, Operands out, const SoftmaxBackward::Attrs&) {
  MetalEncoder& metal = metal_encoder(encoder);
  const MatrixStack dy = *rows_of(in[0], "dy"), y = *rows_of(in[1], "y"), dx = *rows_of(out[0], "dx");
  for (const MatrixStack* matrix : {&dy, &y, &dx}) validate("softmax_backward", *matrix);
  metal.external("softmax_backward", in, out, {},
                 [&](OpenCommands& commands) { encode_softmax_gradient(commands, metal.mps(), dy, y, dx); });
}

}  // namespace

void register_softmax(Placement& placement) {
  placement.add<Softmax>(
      {.supports = [](std::span<const TensorSpec> in, const Softmax::Attrs&) { return supports(in); },
       .encode = [](Encoder& encoder, Operands in, Operands out,
                    const Softmax::Attrs&) { encode_rows(encoder, "softmax", in, out, false); }},
      "f32 f16");
  placement.add<LogSoftmax>(
      {.supports = [](std::span<const TensorSpec> in, const LogSoftmax::Attrs&) { return supports(in); },
       .encode = [](Encoder& encoder, Operands in, Operands out,
                    const LogSoftmax::Attrs&) { encode_rows(encoder, "log_softmax", in, out, true); }},
      "f32 f16");
  placement.add<SoftmaxBackward>(
      {.supports = [](std::span<const TensorSpec> in, const SoftmaxBackward::Attrs&) { return supports(in); },
       .encode = encode_softmax_backward},
      "f32 f16");
}

}  // namespace temper::metal
