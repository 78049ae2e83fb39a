#include "ops/binary.h"

#include "device/op_specs/binary.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::Binary;
using Kind = Binary::Kind;

std::string_view name_of(Kind kind) {
  constexpr std::string_view names[] = {"add", "sub", "mul", "div", "maximum"};
  return names[static_cast<size_t>(kind)];
}

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Binary::Attrs& attrs) {
  const std::string_view op = name_of(attrs.kind);
  if (in[0].dtype != in[1].dtype || !(is_floating(in[0].dtype) || in[0].dtype == DType::i32))
    fail(ErrorCode::dtype_mismatch, "{}: {} and {}: both must be of one floating type; cast one?", op, to_string(in[0]),
         to_string(in[1]));
  return {spec(in[0].dtype, broadcast_shapes(in[0].shape(), in[1].shape(), op))};
}

Saved saves(uint32_t needs_grad, const Binary::Attrs& attrs) {
  switch (attrs.kind) {
    case Kind::add:
    case Kind::sub:
      return {};
    case Kind::mul:
      return {.inputs = ((needs_grad & 1u) ? 2u : 0u) | ((needs_grad & 2u) ? 1u : 0u)};
    case Kind::div:
      return {.inputs = ((needs_grad & 2u) ? 3u : 2u)};
    case Kind::maximum:
      break;
  }
  return {};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<Binary::Attrs>& args) {
  const Tensor& dy = args.grads[0];
  const Tensor &a = args.inputs[0], &b = args.inputs[1];
  const auto to = [&](int input, const Tensor& grad) {
    return sum_to(ctx, grad, args.specs[static_cast<size_t>(input)].shape());
  };
  std::vector<Tensor> grads(2);
  switch (args.attrs.kind) {
    case Kind::add:
      if (args.needs(0)) grads[0] = to(0, dy);
      if (args.needs(1)) grads[1] = to(1, dy);
      break;
    case Kind::sub:
      if (args.needs(0)) grads[0] = to(0, dy);
      if (args.needs(1)) grads[1] = to(1, neg(ctx, dy));
      break;
    case Kind::mul:
      if (args.needs(0)) grads[0] = to(0, mul(ctx, dy, b));
      if (args.needs(1)) grads[1] = to(1, mul(ctx, dy, a));
      break;
    case Kind::div:
      if (args.needs(0)) grads[0] = to(0, div(ctx, dy, b));
      if (args.needs(1)) grads[1] = to(1, neg(ctx, div(ctx, mul(ctx, dy, a), mul(ctx, b, b))));
      break;
    case Kind::maximum:
      fail(ErrorCode::unsupported, "maximum: has no gradient");
  }
  return grads;
}

constexpr OpRule<Binary> kBinary{.infer = infer, .saves = saves, .vjp = vjp};

Tensor binary(Context& ctx, Tensor a, Tensor b, Kind kind) {
  std::vector<Tensor> inputs;  // moved in, so that a last reference may be reused in place
  inputs.push_back(std::move(a));
  inputs.push_back(std::move(b));
  return apply_one(ctx, kBinary, std::move(inputs), {.kind = kind});
}

}  // namespace

Tensor add(Context& ctx, Tensor a, Tensor b) {
  return binary(ctx, std::move(a), std::move(b), Kind::add);
}
Tensor sub(Context& ctx, Tensor a, Tensor b) {
  return binary(ctx, std::move(a), std::move(b), Kind::sub);
}
Tensor mul(Context& ctx, Tensor a, Tensor b) {
  return binary(ctx, std::move(a), std::move(b), Kind::mul);
}
Tensor div(Context& ctx, Tensor a, Tensor b) {
  return binary(ctx, std::move(a), std::move(b), Kind::div);
}
Tensor maximum(Context& ctx, Tensor a, Tensor b) {
  return binary(ctx, std::move(a), std::move(b), Kind::maximum);
}

}  // namespace temper
