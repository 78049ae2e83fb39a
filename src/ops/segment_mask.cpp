#include "ops/segment_mask.h"

#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::SegmentMask;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const SegmentMask::Attrs& attrs) {
  require_indices("segment_mask", "segments", in[0], {in[0].shape().rank() ? in[0].shape()[0] : 0, 4});
  if (attrs.queries < 0 || attrs.keys < 0 || attrs.window < 0)
    fail(ErrorCode::invalid_argument, "segment_mask: {} queries, {} keys and window {}: none may be negative",
         attrs.queries, attrs.keys, attrs.window);
  const TensorSpec out = spec(attrs.dtype, {attrs.queries, attrs.keys});
  require_floating("segment_mask", out);
  return {out};
}

constexpr OpRule<SegmentMask> kSegmentMask{.infer = infer};

}  // namespace

Tensor segment_mask(Context& ctx, const Tensor& segments, const SegmentMask::Attrs& attrs) {
  return apply_one(ctx, kSegmentMask, {segments}, attrs);
}

}  // namespace temper
