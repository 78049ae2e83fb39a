#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// logits [B, V], params f32 [B, 4] {temperature, top_k, top_p, min_p}, rng i64[2] {seed, step} -> i32 [B].
/// Filters in this order, each on what the one before kept: temperature, top-k, top-p, min-p; then one draw from
/// (seed, step, site, row) over what is kept, renormalised, in order of falling probability. Primitive.
/// Faults: token 0 for a row with parameters outside their domain, with a NaN or +infinity, or of -infinity only.
struct Sample {
  static constexpr std::string_view name = "sample";
  struct Attrs {
    uint32_t site = 0;
  };
};

/// logits [B, V], history i32 [B, L] (negative: none) -> logits with each token of its row's history made less likely,
/// once: positive ones divided by `penalty`, others multiplied. Keskar et al. 2019, section 4.1. Primitive.
/// Faults: a token of V or more is left out.
struct RepetitionPenalty {
  static constexpr std::string_view name = "repetition_penalty";
  struct Attrs {
    float penalty = 1.0f;
  };
};

}  // namespace temper::specs
