#include "ops/gather_rows.h"

#include "device/op_specs/gather_rows.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::GatherRows;
using specs::ScatterAddRows;

void check_rows(std::string_view op, const TensorSpec& x, const TensorSpec& ids) {
  if (x.shape().rank() < 1 || ids.shape().rank() != 1)
    fail(ErrorCode::shape_mismatch, "{}: x {} with ids {}: x must be [R, ...] and ids [N]", op, to_string(x),
         to_string(ids));
  if (ids.dtype != DType::i32) fail(ErrorCode::dtype_mismatch, "{}: ids {} must be i32", op, to_string(ids));
}

Shape with_first(const Shape& shape, int64_t extent) {
  Shape result = shape;
  result.set(0, extent);
  return result;
}

std::vector<TensorSpec> gather_infer(std::span<const TensorSpec> in, const GatherRows::Attrs&) {
  check_rows("gather_rows", in[0], in[1]);
  return {spec(in[0].dtype, with_first(in[0].shape(), in[1].shape()[0]))};
}

std::vector<TensorSpec> scatter_infer(std::span<const TensorSpec> in, const ScatterAddRows::Attrs& attrs) {
  check_rows("scatter_add_rows", in[0], in[1]);
  if (in[0].shape()[0] != in[1].shape()[0] || attrs.rows < 0)
    fail(ErrorCode::shape_mismatch, "scatter_add_rows: x {} with ids {} to {} rows: one id a row of x is needed",
         to_string(in[0]), to_string(in[1]), attrs.rows);
  if (!is_floating(in[0].dtype))
    fail(ErrorCode::dtype_mismatch, "scatter_add_rows: {} is not a floating type", to_string(in[0]));
  return {spec(in[0].dtype, with_first(in[0].shape(), attrs.rows))};
}

constexpr OpRule<GatherRows> kGatherRows{
    .infer = gather_infer,
    .saves = [](uint32_t, const GatherRows::Attrs&) -> Saved { return {.inputs = 0b10}; },
    .vjp = [](Context& ctx, const VjpArgs<GatherRows::Attrs>& args) -> std::vector<Tensor> {
      return {scatter_add_rows(ctx, args.grads[0], args.inputs[1], args.specs[0].shape()[0]), Tensor()};
    },
};

constexpr OpRule<ScatterAddRows> kScatterAddRows{
    .infer = scatter_infer,
    .saves = [](uint32_t, const ScatterAddRows::Attrs&) -> Saved { return {.inputs = 0b10}; },
    .vjp = [](Context& ctx, const VjpArgs<ScatterAddRows::Attrs>& args) -> std::vector<Tensor> {
      return {gather_rows(ctx, args.grads[0], args.inputs[1]), Tensor()};
    },
};

}  // namespace

Tensor gather_rows(Context& ctx, const Tensor& x, const Tensor& ids) {
  return apply_one(ctx, kGatherRows, {x, ids}, {});
}

Tensor scatter_add_rows(Context& ctx, const Tensor& x, const Tensor& ids, int64_t rows) {
  return apply_one(ctx, kScatterAddRows, {x, ids}, {.rows = rows});
}

}  // namespace temper
