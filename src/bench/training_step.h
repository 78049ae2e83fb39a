#pragma once

#include "bench/bench_case.h"

namespace temper::bench {

/// A LoRA training step (forward, backward, clipping, AdamW; all linear layers, r = 8) of a small Llama made from a
/// seed: 2 layers of 256, a vocabulary of 4,096, 4 rows of 64 tokens. Its check is that the CPU in f32 finds the same
/// losses.
Case training_step_case(DType dtype);

}  // namespace temper::bench
