#include "ops/adamw.h"

#include <array>

#include "device/op_specs/adamw.h"
#include "ops/op.h"

namespace temper {
namespace {

constexpr OpRule<specs::AdamW> kAdamW{
    .infer = [](std::span<const TensorSpec> in, const specs::AdamW::Attrs&) -> std::vector<TensorSpec> {
      constexpr std::array<std::string_view, 4> names = {"param", "m", "v", "grad"};
      for (size_t i = 0; i < names.size(); ++i)
        if (in[i].dtype != DType::f32 || in[i].shape() != in[0].shape())
          fail(ErrorCode::shape_mismatch, "adamw: {} is {}, but param is {}: all must be f32 of one shape", names[i],
               to_string(in[i]), to_string(in[0]));
      if (in[4].dtype != DType::f32 || in[4].shape() != Shape{8})
        fail(ErrorCode::shape_mismatch, "adamw: hyper is {}, not f32[8]", to_string(in[4]));
      if (in.size() > 5 && (in[5].dtype != DType::f32 || in[5].shape() != Shape{}))
        fail(ErrorCode::shape_mismatch, "adamw: scale is {}, not a f32 scalar", to_string(in[5]));
      return {};
    },
};

}  // namespace

void adamw_(Context& ctx, State& param, State& m, State& v, const Tensor& grad, const Tensor& hyper,
            const Tensor& scale) {
  const std::array<Tensor, 3> states = {param.tensor(), m.tensor(), v.tensor()};
  std::vector<Tensor> inputs = {grad, hyper};
  if (scale.defined()) inputs.push_back(scale);
  apply_in_place(ctx, kAdamW, states, std::move(inputs), {});
}

}  // namespace temper
