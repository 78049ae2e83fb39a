#pragma once

#include "device/context.h"
#include "ops/state.h"

namespace temper {

/// One AdamW step in place: param, m, v and grad f32 of one shape; hyper f32 [8] {lr, beta1, beta2, eps, weight_decay,
/// 1 - beta1^t, 1 - beta2^t, grad_scale}, on the device because it changes every step; `scale` f32 [] (clip_scale) is
/// multiplied with grad_scale when given. Decay is decoupled, as torch.optim.AdamW does it.
/// Source: Loshchilov and Hutter 2019, alg. 2.
void adamw_(Context& ctx, State& param, State& m, State& v, const Tensor& grad, const Tensor& hyper,
            const Tensor& scale = {});

}  // namespace temper
