#pragma once

#include <cstdint>
#include <string_view>

#include "temper/dtype.h"

namespace temper::specs {

/// segments i32 [S, 4] -> the additive mask [queries, keys] that `attention` implies: 0 where a query sees a key,
/// -infinity elsewhere. Primitive. Faults: a segment that isn't inside of the mask is left out.
struct SegmentMask {
  static constexpr std::string_view name = "segment_mask";
  struct Attrs {
    int64_t queries = 0;
    int64_t keys = 0;
    bool causal = true;
    int64_t window = 0;
    DType dtype = DType::f32;
  };
};

}  // namespace temper::specs
