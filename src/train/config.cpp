#include "train/config.h"

#include <cmath>

#include "base/fail.h"

namespace temper::train {
namespace {

void require(bool condition, std::string_view flag, double value, std::string_view domain) {
  if (!condition) fail(ErrorCode::usage, "--{} {}: must be {}", flag, value, domain);
}

void require(bool condition, std::string_view flag, int64_t value, std::string_view domain) {
  if (!condition) fail(ErrorCode::usage, "--{} {}: must be {}", flag, value, domain);
}

}  // namespace

void check(const TrainConfig& c) {
  require(c.steps >= 0, "steps", c.steps, "at least 1");
  require(c.steps > 0 || c.epochs >= 1, "epochs", c.epochs, "at least 1");
  require(c.grad_accum >= 1, "grad-accum", c.grad_accum, "at least 1");
  require(c.lr >= 0 && std::isfinite(c.lr), "lr", c.lr, "a number from 0 on");
  require(c.warmup >= 0, "warmup", c.warmup, "at least 0");
  require(c.weight_decay >= 0 && std::isfinite(c.weight_decay), "weight-decay", c.weight_decay, "a number from 0 on");
  require(c.max_grad_norm >= 0 && std::isfinite(c.max_grad_norm), "max-grad-norm", c.max_grad_norm,
          "a number from 0 (no clipping) on");
  require(c.label_smoothing >= 0 && c.label_smoothing < 1, "label-smoothing", double{c.label_smoothing}, "in [0, 1)");
  require(c.eval_every >= 0, "eval-every", c.eval_every, "at least 0");
  require(c.save_every >= 0, "save-every", c.save_every, "at least 0");
  require(c.batches.batch_tokens > 0 || c.batches.batch_size >= 1, "batch-size", c.batches.batch_size, "at least 1");
}

OrderedJson fingerprint(const TrainConfig& c) {
  return {{"steps", c.steps},
          {"epochs", c.epochs},
          {"grad_accum", c.grad_accum},
          {"lr", c.lr},
          {"schedule", name_of(c.schedule)},
          {"warmup", c.warmup},
          {"beta1", c.beta1},
          {"beta2", c.beta2},
          {"eps", c.eps},
          {"weight_decay", c.weight_decay},
          {"max_grad_norm", c.max_grad_norm},
          {"label_smoothing", c.label_smoothing},
          {"seed", c.seed},
          {"batch_size", c.batches.batch_size},
          {"batch_tokens", c.batches.batch_tokens},
          {"shuffle", c.batches.shuffle}};
}

}  // namespace temper::train
