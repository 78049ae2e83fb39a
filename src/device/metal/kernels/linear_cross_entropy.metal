// Cross entropy of softmax(x head^T) and its gradient in chunks of the vocabulary, so that [rows, vocabulary] logits
// never exist. Derived: with the chunk's logits l from a product, each row keeps a running maximum t and sum z = sum
// exp(l - t) (Milakov and Gimelshein 2018), the target's logit and, for label smoothing s over V tokens, the sum of
// logits; then
//   loss = t + log z - (1 - s) l_target - s mean(l)  (Szegedy et al. 2015, sec. 7).
// For the gradient the product is made again, chunk by chunk; d loss / d l = exp(l - t) / z - (1 - s) [target] - s / V
// takes its place, and dx sums the products of these with the head. Rows without a target count nothing, and neither
// does a target outside of the vocabulary, which is a fault. These kernels take a threadgroup a row; the products are
// gemm.metal's. Work of the products: 2 N D V for the loss, 4 N D V more for the gradient. Memory: two chunks of
// logits. Statistics are f32. Tolerance: V / 256 additions in f32.
#include "kernels/shared/faults.metal"
#include "kernels/shared/rows.metal"
#include "parameters/linear_cross_entropy.h"

constant bool is_first [[function_constant(0)]];  // no chunk came before

// What a row knows of its logits: the largest, sum of exp(logit - largest), sum of logits, the target's logit.
struct RowStatistics {
  float top;
  float total;
  float sum;
  float target;
};

inline bool counts(int target, constant CrossEntropyParameters& p) {
  return target >= 0 && uint(target) < p.vocabulary;
}

kernel void cross_entropy_statistics(device const float* logits [[buffer(0)]], device const int* targets [[buffer(1)]],
                                     device RowStatistics* statistics [[buffer(2)]],
                                     constant CrossEntropyParameters& p [[buffer(3)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  device const float* l = logits + ulong(row) * p.columns;
  RowStatistics before = {-INFINITY, 0.0f, 0.0f, 0.0f};
  if (!is_first && at.index == 0) before = statistics[row];  // which this thread writes below
  float top = before.top, sum = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) {
    top = max(top, l[i]);
    sum += l[i];
  }
  top = row_max(top, parts, at);
  const float base = top == -INFINITY ? 0.0f : top;
  float total = 0.0f;
  for (uint i = at.index; i < p.columns; i += at.count) total += precise::exp(l[i] - base);
  total = row_sum(total, parts, at);
  sum = row_sum(sum, parts, at);
  if (at.index != 0) return;
  before.total = before.total * precise::exp(before.top - base) + total;
  before.top = top;
  before.sum += sum;
  const int target = targets[row] - int(p.first);
  if (counts(targets[row], p) && target >= 0 && uint(target) < p.columns) before.target = l[target];
  statistics[row] = before;
}

// One threadgroup for all rows: losses and their sum.
kernel void cross_entropy_losses(device const RowStatistics* statistics [[buffer(0)]],
                                 device const int* targets [[buffer(1)]], device float* loss [[buffer(2)]],
                                 device float* row_losses [[buffer(3)]],
                                 constant CrossEntropyParameters& p [[buffer(4)]],
                                 device FaultRecord& faults [[buffer(5)]], ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  threadgroup uint firsts[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  float sum = 0.0f;
  uint bad = p.rows;  // the first row whose target lies outside
  for (uint i = at.index; i < p.rows; i += at.count) {
    float value = 0.0f;
    if (targets[i] >= 0 && !counts(targets[i], p)) bad = min(bad, i);
    if (counts(targets[i], p)) {
      const RowStatistics s = statistics[i];
      const float expected = (1.0f - p.smoothing) * s.target + p.smoothing * (s.sum / float(p.vocabulary));
      value = precise::log(s.total) + (s.top - expected);
    }
    row_losses[i] = value;
    sum += value;
  }
  sum = row_sum(sum, parts, at);
  bad = simd_min(bad);
  if (at.lane == 0) firsts[at.simdgroup] = bad;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (at.index != 0) return;
  loss[row] = sum;
  for (uint i = 1; i < at.simdgroups; ++i) bad = min(bad, firsts[i]);
  if (bad < p.rows) report_fault(faults, 1, bad, int4(targets[bad], 0, 0, 0));
}

// The gradient of the loss in place of the chunk's logits.
kernel void cross_entropy_gradient(device float* logits [[buffer(0)]], device const int* targets [[buffer(1)]],
                                   device const RowStatistics* statistics [[buffer(2)]],
                                   constant CrossEntropyParameters& p [[buffer(3)]], ROW_ARGUMENTS) {
  const RowThread at = ROW_THREAD;
  device float* l = logits + ulong(row) * p.columns;
  const int target = targets[row];
  const bool counted = counts(target, p);
  const RowStatistics s = statistics[row];
  const float share = p.smoothing / float(p.vocabulary);
  for (uint i = at.index; i < p.columns; i += at.count) {
    float value = 0.0f;
    if (counted) {
      value = precise::exp(l[i] - s.top) / s.total - share;
      if (p.first + i == uint(target)) value -= 1.0f - p.smoothing;
    }
    l[i] = value;
  }
}
