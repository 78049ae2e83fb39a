#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "temper/dtype.h"
#include "train/batches.h"
#include "train/schedule.h"

namespace temper::train {

/// How a run optimises. Token counts of batches and rows are in BatchOptions and DatasetOptions.
struct TrainConfig {
  int64_t steps = 0;  ///< optimizer steps; 0: from `epochs`
  int64_t epochs = 1;
  int64_t grad_accum = 1;  ///< batches a step; their losses are normalised by the step's target tokens together
  double lr = 1e-4;
  Schedule schedule = Schedule::cosine;
  int64_t warmup = 10;  ///< steps
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  double max_grad_norm = 1.0;  ///< 0: no clipping
  float label_smoothing = 0.0f;
  bool grad_checkpoint = false;
  int64_t eval_every = 0;  ///< steps; 0: only at the end
  int64_t save_every = 0;  ///< steps; 0: only at the end and when interrupted
  uint64_t seed = 0;
  BatchOptions batches = {};
};

/// Throws Error{usage} for values outside of their domain.
void check(const TrainConfig& config);

/// What must be equal for a resumed run to be the same run: everything above that changes a bit of the result, so not
/// eval_every, save_every and grad_checkpoint.
OrderedJson fingerprint(const TrainConfig& config);

}  // namespace temper::train
