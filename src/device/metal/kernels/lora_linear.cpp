// A frozen product with a low-rank adapter, forward and backward. Source: Hu et al. 2021, eq. 3.
// Work O(m out in + m r (out + in)), memory: the outputs, and [m, r] for dy B.
// By our own kernels, any types and weights in blocks: h = x A^T in f32, then y = x W^T + scale h B^T summed in
// registers and written once (gemm.metal). Backward dh = dy B, then dx = dy W + scale dh A, dA = scale dh^T x and dB =
// scale dy^T h, which depend on nothing but dh and may run at the same time. By MPS where all types are one that it
// knows: the large product, then the rank-r ones added onto it (beta = 1); in f16 the products with h read a copy of h
// in f16, which is what rounds (relative 2^-11 of the rank-r part).
#include "device/op_specs/lora_linear.h"

#include "device/metal/gemm.h"
#include "device/metal/mps_product.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::LoraLinear;
using specs::LoraLinearBackward;

bool is_one_type(DType x, DType a, DType b, const WeightHandle& weight) {
  const Operand w = weight_operand(weight);
  return w.defined() && w.dtype() == x && a == x && b == x;
}

bool mps_takes(DType x, DType a, DType b, const WeightHandle& weight) {
  return is_one_type(x, a, b, weight) && (x == DType::f32 || x == DType::f16);
}

bool mps_takes_forward(Operands in, const LoraLinear::Attrs& attrs) {
  return mps_takes(in[0].dtype(), in[1].dtype(), in[2].dtype(), attrs.weight) && in[1].dim(0) > 0;
}

bool mps_takes_backward(Operands in, const LoraLinearBackward::Attrs& attrs) {
  return mps_takes(in[0].dtype(), in[2].dtype(), in[3].dtype(), attrs.weight) && in[2].dim(0) > 0 &&
         in[0].elements() > 0 && (attrs.want_da || !attrs.want_db || in[0].dtype() == DType::f32);
}

bool supports_lora(std::span<const TensorSpec> in, const LoraLinear::Attrs& attrs) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in) && fits_kernels(attrs.weight);
}

bool supports_lora_backward(std::span<const TensorSpec> in, const LoraLinearBackward::Attrs& attrs) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in) && fits_kernels(attrs.weight);
}

void encode_own_lora(MetalEncoder& metal, Operands in, Operands out, const LoraLinear::Attrs& attrs) {
  const WeightRows weight = weight_rows(attrs.weight);
  const int64_t inputs = weight.columns, outputs = weight.rows, rank = in[1].dim(0), m = in[0].elements() / inputs;
  const Operand h = out.size() > 1 ? out[1] : metal.scratch(DType::f32, {m, rank});
  const GemmMatrix x = gemm_matrix(in[0], m, inputs), a = gemm_matrix(in[1], rank, inputs);
  const Operand scratch[] = {out.size() > 1 ? Operand{} : h};
  metal.compute("lora_linear", in, out, scratch, [&](ComputeCommands& commands) {
    encode_gemm(commands, {.left = x, .right = a.transposed(), .result = h});
    commands.barrier();
    encode_gemm(commands, {.left = x,
                           .right = gemm_matrix(weight).transposed(),
                           .result = out[0],
                           .left2 = gemm_matrix(h, m, rank),
                           .right2 = gemm_matrix(in[2], outputs, rank).transposed(),
                           .scale2 = attrs.scale});
  });
}

void encode_own_lora_backward(MetalEncoder& metal, Operands in, Operands out, const LoraLinearBackward::Attrs& attrs) {
  const WeightRows weight = weight_rows(attrs.weight);
  const int64_t inputs = weight.columns, outputs = weight.rows, rank = in[2].dim(0), m = in[0].elements() / outputs;
  size_t next = 0;
  const Operand dx = attrs.want_dx ? out[next++] : Operand{}, da = attrs.want_da ? out[next++] : Operand{},
                db = attrs.want_db ? out[next++] : Operand{};
  const bool want_dh = attrs.want_dx || attrs.want_da;
  const Operand dh_memory = want_dh ? metal.scratch(DType::f32, {m, rank}) : Operand{};
  const GemmMatrix dy = gemm_matrix(in[0], m, outputs);
  const Operand scratch[] = {dh_memory};
  metal.compute("lora_linear_backward", in, out, scratch, [&](ComputeCommands& commands) {
    if (attrs.want_db)
      encode_gemm(commands,
                  {.left = dy.transposed(), .right = gemm_matrix(in[4], m, rank), .result = db, .alpha = attrs.scale});
    if (!want_dh) return;
    const GemmMatrix dh = gemm_matrix(dh_memory, m, rank);
    encode_gemm(commands, {.left = dy, .right = gemm_matrix(in[3], outputs, rank), .result = dh_memory});
    commands.barrier();
    if (attrs.want_dx)
      encode_gemm(commands, {.left = dy,
                             .right = gemm_matrix(weight),
                             .result = dx,
                             .left2 = dh,
                             .right2 = gemm_matrix(in[2], rank, inputs),
                             .scale2 = attrs.scale});
    if (attrs.want_da)
      encode_gemm(
          commands,
          {.left = dh.transposed(), .right = gemm_matrix(in[1], m, inputs), .result = da, .alpha = attrs.scale});
  });
}

void encode_lora(Encoder& encoder, Operands in, Operands out, const LoraLinear::Attrs& attrs) {
  MetalEncoder& metal = metal_encoder(encoder);
  if (!metal.prefers_mps() || !mps_takes_forward(in, attrs)) return encode_own_lora(metal, in, out, attrs);
  const Operand weight = weight_operand(attrs.weight);
  const int64_t inputs = weight.dim(1), outputs = weight.dim(0), rank = in[1].dim(0), m = in[0].elements() / inputs;
  if (m == 0) return;
  // The h that B multiplies has x's type; the one that is saved is f32.
  const bool saved_is_used = out.size() > 1 && out[1].dtype() == in[0].dtype();
  const Operand used = saved_is_used ? out[1] : metal.scratch(in[0].dtype(), {m, rank});
  const MatrixStack x = matrix_of(in[0], "x", m, inputs), a = matrix_of(in[1], "a", rank, inputs);
  const MatrixStack y = matrix_of(out[0], "y", m, outputs), h = matrix_of(used, "h", m, rank);

  std::vector<Product> products;
  products.push_back(
      {.left = x, .right = matrix_of(weight, attrs.weight->name(), outputs, inputs), .result = y, .trans_right = true});
  products.push_back({.left = x, .right = a, .result = h, .trans_right = true});
  if (out.size() > 1 && !saved_is_used)
    products.push_back({.left = x, .right = a, .result = matrix_of(out[1], "h", m, rank), .trans_right = true});
  products.push_back({.left = h,
                      .right = matrix_of(in[2], "b", outputs, rank),
                      .result = y,
                      .trans_right = true,
                      .alpha = double{attrs.scale},
                      .beta = 1.0});
  for (const Product& product : products) validate("lora_linear", product);
  const Operand reads[] = {in[0], in[1], in[2], weight};
  const Operand scratch[] = {saved_is_used ? Operand{} : used};
  metal.external("lora_linear", reads, out, scratch, [&](OpenCommands& commands) {
    for (const Product& product : products) encode_product(commands, metal.mps(), product);
  });
}

void encode_lora_backward(Encoder& encoder, Operands in, Operands out, const LoraLinearBackward::Attrs& attrs) {
  MetalEncoder& metal = metal_encoder(encoder);
  if (!metal.prefers_mps() || !mps_takes_backward(in, attrs)) return encode_own_lora_backward(metal, in, out, attrs);
  const Operand weight = weight_operand(attrs.weight);
  const int64_t inputs = weight.dim(1), outputs = weight.dim(0), rank = in[2].dim(0), m = in[0].elements() / outputs;
  size_t next = 0;
  const Operand dx = attrs.want_dx ? out[next++] : Operand{}, da = attrs.want_da ? out[next++] : Operand{},
                db = attrs.want_db ? out[next++] : Operand{};
  const MatrixStack dy = matrix_of(in[0], "dy", m, outputs), b = matrix_of(in[3], "b", outputs, rank);
  const bool want_dh = attrs.want_dx || attrs.want_da;
  const Operand dh_memory = want_dh ? metal.scratch(in[0].dtype(), {m, rank}) : Operand{};

  std::vector<Product> products;
  // dy is f16 and the saved h f32: h is made again from x, which is there whenever A trains too.
  const bool again = attrs.want_db && in[4].dtype() != in[0].dtype();
  const Operand narrow = again ? metal.scratch(in[0].dtype(), {m, rank}) : in[4];
  if (again)
    products.push_back({.left = matrix_of(in[1], "x", m, inputs),
                        .right = matrix_of(in[2], "a", rank, inputs),
                        .result = matrix_of(narrow, "h", m, rank),
                        .trans_right = true});
  if (attrs.want_db)
    products.push_back({.left = dy,
                        .right = matrix_of(narrow, "h", m, rank),
                        .result = matrix_of(db, "db", outputs, rank),
                        .trans_left = true,
                        .alpha = double{attrs.scale}});
  if (want_dh) {
    const MatrixStack dh = matrix_of(dh_memory, "dh", m, rank);
    products.push_back({.left = dy, .right = b, .result = dh, .alpha = double{attrs.scale}});
    if (attrs.want_dx) {
      const MatrixStack result = matrix_of(dx, "dx", m, inputs);
      products.push_back(
          {.left = dy, .right = matrix_of(weight, attrs.weight->name(), outputs, inputs), .result = result});
      products.push_back({.left = dh, .right = matrix_of(in[2], "a", rank, inputs), .result = result, .beta = 1.0});
    }
    if (attrs.want_da)
      products.push_back({.left = dh,
                          .right = matrix_of(in[1], "x", m, inputs),
                          .result = matrix_of(da, "da", rank, inputs),
                          .trans_left = true});
  }
  for (const Product& product : products) validate("lora_linear_backward", product);
  const Operand reads[] = {in[0], in[1], in[2], in[3], in[4], weight};
  const Operand scratch[] = {dh_memory, again ? narrow : Operand{}};
  metal.external("lora_linear_backward", reads, out, scratch, [&](OpenCommands& commands) {
    for (const Product& product : products) encode_product(commands, metal.mps(), product);
  });
}

}  // namespace

void register_lora_linear(Placement& placement) {
  placement.add<LoraLinear>({.supports = supports_lora, .encode = encode_lora}, "f32 f16 bf16");
  placement.add<LoraLinearBackward>({.supports = supports_lora_backward, .encode = encode_lora_backward},
                                    "f32 f16 bf16");
}

}  // namespace temper::metal
