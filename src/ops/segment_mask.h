#pragma once

#include "device/context.h"
#include "device/op_specs/segment_mask.h"

namespace temper {

/// The additive mask [queries, keys] of `attention` (ops/attention.h) for segments i32 [S, 4]: 0 where a query sees a
/// key, -infinity elsewhere. For composites and tests; attention itself never makes it.
Tensor segment_mask(Context& ctx, const Tensor& segments, const specs::SegmentMask::Attrs& attrs);

}  // namespace temper
