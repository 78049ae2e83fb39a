#pragma once

#include "device/context.h"
#include "device/op_specs/attention.h"

namespace temper {

using AttentionAttrs = specs::Attention::Attrs;

/// Softmax attention within segments: q [Nq, H, D], k and v [Nk, KV, D], segments i32 [S, 4] -> [Nq, H, D] in q's type.
/// Row s of segments, {q_begin, q_end, k_begin, k_end}, lets queries q_begin..q_end see keys k_begin..k_end and no
/// others; so packed documents, prompts on top of a cache and decoding are the same op. Queries of no segment give 0.
/// H is a multiple of KV (grouped queries). Differentiable in q, k and v; O(Nq + Nk) memory.
/// Source: Dao et al. 2022, "FlashAttention", alg. 1 and 4.
/// Errors: shapes or types other than these; at the next read, Error{numeric} for a segment outside of q or k.
Tensor attention(Context& ctx, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& segments,
                 const AttentionAttrs& attrs);

}  // namespace temper
