#pragma once

#include <cstdint>

#include "device/context.h"

namespace temper {

/// How a token is drawn. The defaults draw from the model's own distribution.
struct SampleAttrs {
  float temperature = 1.0f;  ///< 0 takes the most likely token
  int64_t top_k = 0;         ///< keep the k most likely; 0: all
  float top_p = 1.0f;        ///< then keep the fewest most likely whose probabilities reach top_p; 1: all
  float min_p = 0.0f;        ///< then keep those at least min_p times as likely as the most likely; 0: all
};

/// Draws one token a row: logits [B, V] -> i32 [B]. Temperature first, then top-k, top-p and min-p, each on what the
/// one before kept (the order of Hugging Face Transformers; llama.cpp's default chain has temperature last). At least
/// one token is always kept; of equals the lower id comes first. The draw depends on (seed, step), call site and row
/// only. Errors: attributes outside their domain; NaN, +infinity or only -infinity in a row are Error{numeric}, thrown
/// by the next read. Sources: top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024.
Tensor sample(Context& ctx, const Tensor& logits, const SampleAttrs& attrs);
/// The same with its own attributes a row: params f32 [B, 4] {temperature, top_k, top_p, min_p} on the device. Values
/// outside their domain are Error{numeric}, thrown by the next read.
Tensor sample(Context& ctx, const Tensor& logits, const Tensor& params);

/// Makes tokens that were already there less likely: logits [B, V], history i32 [B, L] (negative: none) -> [B, V] with
/// the logits of each row's history divided by `penalty` when positive and multiplied by it otherwise, once a token.
/// Errors: a penalty that isn't positive; a token of V or more is Error{numeric}, thrown by the next read.
/// Source: Keskar et al. 2019, section 4.1.
Tensor repetition_penalty(Context& ctx, const Tensor& logits, const Tensor& history, float penalty);

}  // namespace temper
