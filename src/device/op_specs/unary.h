#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x -> f(x), element by element, in x's type (f32 arithmetic for 16-bit types). `affine` is scale x + offset.
/// gelu is the exact one (erf), gelu_tanh its tanh approximation (Hendrycks and Gimpel 2016). Primitive.
struct Unary {
  static constexpr std::string_view name = "unary";
  enum class Kind : uint8_t { affine, exp, log, sqrt, rsqrt, tanh, sigmoid, silu, gelu, gelu_tanh };
  struct Attrs {
    Kind kind = Kind::affine;
    double scale = 1.0;
    double offset = 0.0;
  };
};

/// dy, x -> dy f'(x). Primitive.
struct UnaryBackward {
  static constexpr std::string_view name = "unary_backward";
  using Attrs = Unary::Attrs;
};

}  // namespace temper::specs
