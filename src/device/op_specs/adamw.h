#pragma once

#include <string_view>

namespace temper::specs {

/// States param, m, v f32 [...]; grad f32 [...]; hyper f32 [8] {lr, beta1, beta2, eps, weight_decay, 1 - beta1^t,
/// 1 - beta2^t, grad_scale}; optional scale f32 [], multiplied with hyper[7]. Loshchilov and Hutter 2019, alg. 2:
/// g = grad * scale; p -= lr weight_decay p; m += (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2;
/// p -= lr (m / hyper[5]) / (sqrt(v / hyper[6]) + eps). In place, primitive.
struct AdamW {
  static constexpr std::string_view name = "adamw_";
  struct Attrs {};
};

}  // namespace temper::specs
