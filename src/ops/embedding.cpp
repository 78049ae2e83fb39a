#include "ops/embedding.h"

#include "device/op_specs/embedding.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::Embedding;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Embedding::Attrs& attrs) {
  require_weight("embedding", attrs.table);
  if (in[0].dtype != DType::i32) fail(ErrorCode::dtype_mismatch, "embedding: ids {} must be i32", to_string(in[0]));
  if (in[0].shape().rank() != 1)
    fail(ErrorCode::shape_mismatch, "embedding: ids {} must have one dimension; reshape?", to_string(in[0]));
  const TensorSpec out = spec(attrs.dtype, {in[0].shape()[0], attrs.table->columns()});
  require_floating("embedding", out);
  return {out};
}

constexpr OpRule<Embedding> kEmbedding{.infer = infer};

}  // namespace

Tensor embedding(Context& ctx, const WeightHandle& table, const Tensor& ids, DType dtype) {
  return apply_one(ctx, kEmbedding, {ids}, {.table = table, .dtype = dtype});
}

}  // namespace temper
