#include "ops/top_k.h"

#include <limits>

#include "device/op_specs/top_k.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

constexpr OpRule<specs::TopK> kTopK{
    .infer = [](std::span<const TensorSpec> in, const specs::TopK::Attrs& attrs) -> std::vector<TensorSpec> {
      if (!is_floating(in[0].dtype))
        fail(ErrorCode::dtype_mismatch, "top_k: {} is not a floating type", to_string(in[0]));
      if (in[0].shape().rank() < 1 || attrs.k < 0 || attrs.k > in[0].shape()[-1] ||
          in[0].shape()[-1] > std::numeric_limits<int32_t>::max())
        fail(ErrorCode::shape_mismatch, "top_k: k {} must be between 0 and the last dimension of {}", attrs.k,
             to_string(in[0]));
      const Shape shape = with_last(in[0].shape(), attrs.k);
      return {spec(in[0].dtype, shape), spec(DType::i32, shape)};
    },
};

}  // namespace

TopK top_k(Context& ctx, const Tensor& x, int64_t k) {
  auto out = apply(ctx, kTopK, {x}, {.k = k});
  return {out[0], out[1]};
}

}  // namespace temper
