// Softmax, log-softmax and softmax's gradient along the last dimension by the MPS kernels of these names. Apple says
// nothing about a row of -infinity, whose answer here is zeros: so each row gets one more column that holds a very low
// finite value. It adds exp(low - max) = 0 to the sum of any row with an ordinary value, and takes all of the weight of
// a row without one. That costs a copy in and a copy out. Our own kernels take bf16, which MPS can't, and the gradient
// of log-softmax, for which it has no kernel.
#include "device/op_specs/softmax.h"

#include <fmt/format.h>

#include "device/metal/blit.h"
#include "device/metal/compute.h"
#include "device/metal/mps_rows.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/rows.h"

using specs::LogSoftmax;
using specs::LogSoftmaxBackward;
using specs::Softmax;
using specs::SoftmaxBackward;

// Repeated over an element this byte is -2.6e36 in f32 and -65376 in f16.
constexpr uint8_t kLowByte = 0xfb;

bool is_for_mps(const Operand& x) {
  return (x.dtype() == DType::f32 || x.dtype() == DType::f16) && x.elements() > 0;
}

/// One dispatch of row_softmax.metal: `inputs` tensors of the same shape in, one out.
void encode_own_rows(Encoder& encoder, std::string_view op, Operands in, Operands out) {
  const int64_t d = out[0].dim(-1), rows = d ? out[0].elements() / d : 0;
  metal_encoder(encoder).compute(op, in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"row_softmax", fmt::format("{}_{}", op, kernel_type(in[0].dtype()))});
    int index = 0;
    for (const Operand& operand : in) commands.read(index++, operand);
    commands.write(index++, out[0]);
    commands.value(index, RowParameters{static_cast<uint32_t>(d), static_cast<uint32_t>(rows), 0.0f});
    commands.dispatch_groups({rows}, {row_threads(d)});
  });
}

void encode_rows(Encoder& encoder, std::string_view op, Operands in, Operands out, bool logarithm) {
  MetalEncoder& metal = metal_encoder(encoder);
  if (!metal.prefers_mps() || !is_for_mps(in[0])) return encode_own_rows(encoder, op, in, out);
  const MatrixStack x = *rows_of(in[0], "x"), y = *rows_of(out[0], "y");
  const Operand wide[] = {metal.scratch(x.dtype, {x.rows, x.columns + 1}),
                          metal.scratch(x.dtype, {x.rows, x.columns + 1})};
  const MatrixStack wide_x = *rows_of(wide[0], "x with a low column"), wide_y = *rows_of(wide[1], "its softmax");
  validate_rows(op, {&x}, y);
  validate_rows(op, {&wide_x}, wide_y);
  metal.external(op, in, out, wide, [&](OpenCommands& commands) {
    encode_fill(commands, wide[0], kLowByte);
    encode_matrix_copy(commands, metal.mps(), x, wide_x.part(0, x.rows, 0, x.columns), false);
    encode_softmax(commands, metal.mps(), wide_x, wide_y, logarithm);
    encode_matrix_copy(commands, metal.mps(), wide_y.part(0, x.rows, 0, x.columns), y, false);
  });
}

void encode_softmax_backward(Encoder& encoder, Operands in, Operands out, const SoftmaxBackward::Attrs&) {
  MetalEncoder& metal = metal_encoder(encoder);
  if (!metal.prefers_mps() || !is_for_mps(in[0])) return encode_own_rows(encoder, "softmax_backward", in, out);
  const MatrixStack dy = *rows_of(in[0], "dy"), y = *rows_of(in[1], "y"), dx = *rows_of(out[0], "dx");
  validate_rows("softmax_backward", {&dy, &y}, dx);
  metal.external("softmax_backward", in, out, {},
                 [&](OpenCommands& commands) { encode_softmax_gradient(commands, metal.mps(), dy, y, dx); });
}

}  // namespace

void register_softmax(Placement& placement) {
  constexpr const char* types = "f32 f16 bf16";
  placement.add<Softmax>({.supports = takes_floats<Softmax>,
                          .encode = [](Encoder& encoder, Operands in, Operands out,
                                       const Softmax::Attrs&) { encode_rows(encoder, "softmax", in, out, false); }},
                         types);
  placement.add<LogSoftmax>(
      {.supports = takes_floats<LogSoftmax>,
       .encode = [](Encoder& encoder, Operands in, Operands out,
                    const LogSoftmax::Attrs&) { encode_rows(encoder, "log_softmax", in, out, true); }},
      types);
  placement.add<SoftmaxBackward>({.supports = takes_floats<SoftmaxBackward>, .encode = encode_softmax_backward}, types);
  placement.add<LogSoftmaxBackward>(
      {.supports = takes_floats<LogSoftmaxBackward>,
       .encode = [](Encoder& encoder, Operands in, Operands out,
                    const LogSoftmaxBackward::Attrs&) { encode_own_rows(encoder, "log_softmax_backward", in, out); }},
      types);
}

}  // namespace temper::metal
