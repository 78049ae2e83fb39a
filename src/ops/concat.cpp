#include "ops/concat.h"

#include "device/op_specs/concat.h"
#include "ops/op.h"
#include "ops/view.h"

namespace temper {
namespace {

using specs::Concat;

std::vector<TensorSpec> concat_infer(std::span<const TensorSpec> in, const Concat::Attrs& attrs) {
  Shape total = in[0].shape();
  for (const TensorSpec& part : in.subspan(1)) {
    if (part.dtype != in[0].dtype)
      fail(ErrorCode::dtype_mismatch, "concat: {} and {} differ in type; cast one?", to_string(in[0]), to_string(part));
    Shape fitted = part.shape();
    if (fitted.rank() == total.rank()) fitted.set(attrs.dimension, in[0].shape()[attrs.dimension]);
    if (fitted != in[0].shape())
      fail(ErrorCode::shape_mismatch, "concat: {} and {} differ in more than dimension {}", to_string(in[0]),
           to_string(part), attrs.dimension);
    total.set(attrs.dimension, total[attrs.dimension] + part.shape()[attrs.dimension]);
  }
  return {spec(in[0].dtype, total)};
}

constexpr OpRule<Concat> kConcat{
    .infer = concat_infer,
    .vjp = [](Context& ctx, const VjpArgs<Concat::Attrs>& args) -> std::vector<Tensor> {
      std::vector<Tensor> grads(args.specs.size());
      int64_t begin = 0;
      for (size_t i = 0; i < grads.size(); ++i) {
        const int64_t end = begin + args.specs[i].shape()[args.attrs.dimension];
        if (args.needs(static_cast<int>(i))) grads[i] = slice(ctx, args.grads[0], args.attrs.dimension, begin, end);
        begin = end;
      }
      return grads;
    },
};

}  // namespace

Tensor concat(Context& ctx, const std::vector<Tensor>& tensors, int dimension) {
  if (tensors.empty()) fail(ErrorCode::invalid_argument, "concat: no tensors to put together");
  const int d = dimension < 0 ? dimension + tensors[0].rank() : dimension;
  if (d < 0 || d >= tensors[0].rank())
    fail(ErrorCode::shape_mismatch, "concat: dimension {} of {} does not exist", dimension, to_string(tensors[0]));
  std::vector<Tensor> parts = tensors;
  // One launch takes kMaxOperands tensors; more are put together in groups.
  while (parts.size() > 1) {
    std::vector<Tensor> groups;
    for (size_t i = 0; i < parts.size(); i += kMaxOperands) {
      const size_t end = std::min(parts.size(), i + kMaxOperands);
      const auto at = [&](size_t index) { return parts.begin() + static_cast<std::ptrdiff_t>(index); };
      groups.push_back(end - i == 1 ? parts[i] : apply_one(ctx, kConcat, {at(i), at(end)}, {.dimension = d}));
    }
    parts = std::move(groups);
  }
  return parts[0];
}

}  // namespace temper
