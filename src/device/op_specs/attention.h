#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// q [Nq, H, D], k and v [Nk, KV, D], segments i32 [S, 4] -> out [Nq, H, D] in q's type and lse [H, Nq] (f32; f64 for
/// f64), the logarithm of each softmax's denominator, -infinity for a query that sees nothing (its out is 0).
/// Row s of segments is {q_begin, q_end, k_begin, k_end}: queries q_begin..q_end see keys k_begin..k_end and no others.
/// Segments overlap neither in queries nor (for the gradient) in keys. Head h reads KV head h / (H / KV).
/// Faults: a segment that isn't inside of q and k is left out.
struct Attention {
  static constexpr std::string_view name = "attention";
  struct Attrs {
    float scale = 1.0f;       ///< of the scores; 1 / sqrt(D) as a rule
    bool causal = true;       ///< query j of nq sees key i of nk only if i <= nk - nq + j
    int64_t window = 0;       ///< query at position p sees keys at positions above p - window only; 0: unlimited
    int64_t max_queries = 0;  ///< at least the longest segment's queries; 0: not known
    int64_t max_keys = 0;     ///< at least the longest segment's keys; 0: not known
  };
};

/// dout, q, k, v, out, lse, segments -> dq, dk, dv. Rows outside of all segments get zeros. Faults: as above.
struct AttentionBackward {
  static constexpr std::string_view name = "attention_backward";
  using Attrs = Attention::Attrs;
};

}  // namespace temper::specs
