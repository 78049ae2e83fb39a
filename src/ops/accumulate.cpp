#include "ops/accumulate.h"

#include "device/op_specs/accumulate.h"
#include "ops/op.h"

namespace temper {
namespace {

constexpr OpRule<specs::Accumulate> kAccumulate{
    .infer = [](std::span<const TensorSpec> in, const specs::Accumulate::Attrs&) -> std::vector<TensorSpec> {
      if (in[0].dtype != DType::f32 || !is_floating(in[1].dtype) || in[1].dtype == DType::f64)
        fail(ErrorCode::dtype_mismatch, "accumulate: sum {} += {}: sum must be f32, the addend f32, f16 or bf16",
             to_string(in[0]), to_string(in[1]));
      return {};
    },
};

constexpr OpRule<specs::Zero> kZero{
    .infer = [](std::span<const TensorSpec>, const specs::Zero::Attrs&) -> std::vector<TensorSpec> { return {}; },
};

}  // namespace

void accumulate_(Context& ctx, State& sum, int64_t offset, const Tensor& x) {
  if (offset < 0 || x.elements() > sum.tensor().elements() - offset)
    fail(ErrorCode::shape_mismatch, "accumulate: {} from element {} does not fit into {}", to_string(x), offset,
         to_string(sum.tensor()));
  // Only the part that is touched, so that sums into other parts need not wait.
  const Tensor part = sum.view(offset, x.shape());
  apply_in_place(ctx, kAccumulate, std::span(&part, 1), {x}, {});
}

void zero_(Context& ctx, State& state) {
  apply_in_place(ctx, kZero, std::span(&state.tensor(), 1), {}, {});
}

}  // namespace temper
