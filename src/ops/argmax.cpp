#include "ops/argmax.h"

#include <limits>

#include "device/op_specs/argmax.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

constexpr OpRule<specs::Argmax> kArgmax{
    .infer = [](std::span<const TensorSpec> in, const specs::Argmax::Attrs&) -> std::vector<TensorSpec> {
      if (!is_floating(in[0].dtype))
        fail(ErrorCode::dtype_mismatch, "argmax: {} is not a floating type", to_string(in[0]));
      if (in[0].shape().rank() < 1 || in[0].shape()[-1] < 1 || in[0].shape()[-1] > std::numeric_limits<int32_t>::max())
        fail(ErrorCode::shape_mismatch, "argmax: {} needs a last dimension of 1 to 2^31 - 1", to_string(in[0]));
      return {spec(DType::i32, without_last(in[0].shape()))};
    },
};

}  // namespace

Tensor argmax(Context& ctx, const Tensor& x) {
  return apply_one(ctx, kArgmax, {x}, {});
}

}  // namespace temper
