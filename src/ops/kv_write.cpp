#include "ops/kv_write.h"

#include "device/op_specs/kv_write.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::KvWrite;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const KvWrite::Attrs&) {
  const Shape &cache = in[0].shape(), &rows = in[1].shape();
  if (cache.rank() != 3 || rows.rank() != 3 || cache[1] != rows[1] || cache[2] != rows[2])
    fail(ErrorCode::shape_mismatch, "kv_write_: rows {} don't fit into the cache {}", to_string(in[1]),
         to_string(in[0]));
  if (in[0].dtype != in[1].dtype)
    fail(ErrorCode::dtype_mismatch, "kv_write_: rows {} and cache {} differ in type; cast the rows?", to_string(in[1]),
         to_string(in[0]));
  require_indices("kv_write_", "at", in[2], {rows[0]});
  return {};
}

constexpr OpRule<KvWrite> kKvWrite{.infer = infer};

}  // namespace

void kv_write_(Context& ctx, State& cache, const Tensor& rows, const Tensor& at) {
  apply_in_place(ctx, kKvWrite, std::span(&cache.tensor(), 1), {rows, at}, {});
}

}  // namespace temper
