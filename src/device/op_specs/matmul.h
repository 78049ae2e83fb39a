#pragma once

#include <string_view>

namespace temper::specs {

/// a [.., m, k] (or [.., k, m] with trans_a), b [.., k, n] (or [.., n, k] with trans_b), optional c [.., m, n]
/// -> y = alpha op(a) op(b) + beta c, [.., m, n]. Leading dimensions broadcast. One floating type; f16 and bf16
/// accumulate in f32. Primitive.
struct Matmul {
  static constexpr std::string_view name = "matmul";
  struct Attrs {
    bool trans_a = false;
    bool trans_b = false;
    float alpha = 1.0f;
    float beta = 1.0f;  ///< without c: ignored
  };
};

}  // namespace temper::specs
