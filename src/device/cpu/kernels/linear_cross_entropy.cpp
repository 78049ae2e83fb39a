// Cross entropy of x head^T without the logits: blocks of rows against blocks of the vocabulary with a running maximum
// and sum, as flash attention does it (Dao et al. 2022, alg. 1), and the gradient of x gathered on the way as
// sum of exp(logit) head. Ignored rows cost nothing. Work 4 N V D (2 N V D without gradient), memory O(parts N D).
// The vocabulary is cut into parts when there are few rows, so that all threads have work; parts are joined in order.
#include "device/op_specs/linear_cross_entropy.h"

#include <cmath>
#include <limits>
#include <vector>

#include "device/cpu/gemm.h"
#include "device/cpu/panels.h"
#include "device/cpu/weight_product.h"

namespace temper::cpu {
namespace {

using specs::LinearCrossEntropy;

constexpr int64_t kLossRows = 256;
constexpr int64_t kLossVocabulary = 256;
constexpr int64_t kLossTasks = 16;
constexpr int64_t kMeanParts = 16;

bool supports_loss(std::span<const TensorSpec> in, const LinearCrossEntropy::Attrs&) {
  return is_compute_type(in[0].dtype);
}

/// What one launch works on. Rows are the counted ones only, numbered 0..rows.
struct LossWork {
  const CpuWeight* head;
  const float* x;            // [rows, d]
  const int32_t* row_of;     // [rows]: the row in the op's input
  const int32_t* target_of;  // of the op's input rows
  int64_t rows, parts;
  float smoothing;
  bool want_dx;
  // By part and row: running maximum, sum of exp(logit - maximum), sum of logits, and sum of exp(..) head [d].
  float *top, *total, *logit_sum, *dx;
  const float* head_mean;  // [d], with smoothing only

  int64_t d() const { return head->columns(); }
  int64_t vocabulary() const { return head->rows(); }
};

/// Rows [r0, r1) against one part of the vocabulary.
void gather_part(const LossWork& work, int64_t r0, int64_t r1, int64_t part) {
  const int64_t d = work.d(), rows = r1 - r0, at = part * work.rows + r0;
  const int64_t step = (work.vocabulary() + work.parts - 1) / work.parts;
  const int64_t begin = std::min(work.vocabulary(), part * step), end = std::min(work.vocabulary(), begin + step);
  float *top = work.top + at, *total = work.total + at, *logit_sum = work.logit_sum + at, *dx = work.dx + at * d;
  std::fill_n(top, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(total, rows, 0.0f);
  std::fill_n(logit_sum, rows, 0.0f);
  if (work.want_dx) std::fill_n(dx, rows * d, 0.0f);
  float* logits = scratch(ScratchSlot::d, static_cast<size_t>(kLossRows * kLossVocabulary));
  const float* dense = work.head->f32();
  float* expanded = dense ? nullptr : scratch(ScratchSlot::e, static_cast<size_t>(kLossVocabulary * d));
  for (int64_t v0 = begin; v0 < end; v0 += kLossVocabulary) {
    const int64_t v1 = std::min(end, v0 + kLossVocabulary), width = v1 - v0;
    if (!dense) expand_rows(*work.head, v0, v1, expanded);
    const float* head = dense ? dense + v0 * d : expanded;
    gemm_serial({.trans_b = true, .m = rows, .n = width, .k = d, .lda = d, .ldb = d, .ldc = width}, work.x + r0 * d,
                head, logits);
    for (int64_t r = 0; r < rows; ++r) {
      float* row = logits + r * width;
      if (work.smoothing > 0.0f) logit_sum[r] += sum_values(row, width);
      const float new_top = std::max(top[r], max_value(row, width));
      const float shrink = v0 == begin ? 0.0f : std::exp(top[r] - new_top);
      total[r] = total[r] * shrink + exp_sum(row, new_top, row, width);
      if (work.want_dx && v0 != begin && shrink != 1.0f) scale_in_place(shrink, dx + r * d, d);
      top[r] = new_top;
    }
    if (work.want_dx)
      gemm_serial({.m = rows, .n = d, .k = width, .beta = 1.0f, .lda = width, .ldb = d, .ldc = d}, logits, head, dx);
  }
}

/// Joins the parts of one row; returns its loss and, if wanted, writes its gradient.
float finish_row(const LossWork& work, int64_t r, float* dx) {
  const int64_t d = work.d(), n = work.rows;
  float top = work.top[r];
  for (int64_t p = 1; p < work.parts; ++p) top = std::max(top, work.top[p * n + r]);
  float total = 0.0f, logit_sum = 0.0f;
  for (int64_t p = 0; p < work.parts; ++p) {
    total += work.total[p * n + r] * std::exp(work.top[p * n + r] - top);
    logit_sum += work.logit_sum[p * n + r];
  }
  const int64_t target = work.target_of[work.row_of[r]];
  float* target_row = scratch(ScratchSlot::d, static_cast<size_t>(d));
  expand_rows(*work.head, target, target + 1, target_row);
  const float hit = 1.0f - work.smoothing, spread = work.smoothing / static_cast<float>(work.vocabulary());
  if (work.want_dx) {
    std::fill_n(dx, d, 0.0f);
    for (int64_t p = 0; p < work.parts; ++p)
      add_scaled(std::exp(work.top[p * n + r] - top) / total, work.dx + (p * n + r) * d, dx, d);
    add_scaled(-hit, target_row, dx, d);
    if (work.smoothing > 0.0f) add_scaled(-work.smoothing, work.head_mean, dx, d);
  }
  return top + std::log(total) - hit * dot(work.x + r * d, target_row, d) - spread * logit_sum;
}

/// The mean over the vocabulary of the head's rows, into `mean` [(1 + kMeanParts), d].
void average_head(ThreadPool& pool, const CpuWeight& head, float* mean) {
  const int64_t d = head.columns(), rows = head.rows(), step = (rows + kMeanParts - 1) / kMeanParts;
  pool.run(kMeanParts, [&](int64_t part) {
    float* sum = mean + (1 + part) * d;
    float* row = scratch(ScratchSlot::d, static_cast<size_t>(d));
    std::fill_n(sum, d, 0.0f);
    for (int64_t v = part * step; v < std::min(rows, (part + 1) * step); ++v) {
      expand_rows(head, v, v + 1, row);
      add_scaled(1.0f, row, sum, d);
    }
  });
  std::fill_n(mean, d, 0.0f);
  for (int64_t part = 0; part < kMeanParts; ++part) add_scaled(1.0f, mean + (1 + part) * d, mean, d);
  scale_in_place(1.0f / static_cast<float>(rows), mean, d);
}

/// The rows whose targets count; those outside of the vocabulary are reported and don't.
const std::vector<int32_t>& counted_rows(const int32_t* targets, int64_t n, int64_t vocabulary, FaultReport& faults) {
  thread_local std::vector<int32_t> rows;  // kept for the next step, like scratch
  rows.clear();
  for (int64_t i = 0; i < n; ++i) {
    if (targets[i] >= vocabulary)
      faults(i, {targets[i]});
    else if (targets[i] >= 0)
      rows.push_back(static_cast<int32_t>(i));
  }
  return rows;
}

template <class T>
void launch_loss(Encoder& encoder, Operands in, Operands out, const LinearCrossEntropy::Attrs& attrs) {
  const auto head = cpu_weight(attrs.head);
  const int64_t n = in[0].dim(0), d = in[0].dim(1);
  const T* x = data_of<const T>(in[0]);
  const int32_t* targets = data_of<const int32_t>(in[1]);
  float *loss = data_of<float>(out[0]), *row_losses = data_of<float>(out[1]);
  float* dx = attrs.want_dx ? data_of<float>(out[2]) : nullptr;
  const float smoothing = attrs.label_smoothing;
  const auto body = [=](ThreadPool& pool, FaultReport& faults) {
    const std::vector<int32_t>& counted = counted_rows(targets, n, head->rows(), faults);
    const auto rows = static_cast<int64_t>(counted.size());
    const int64_t blocks = (rows + kLossRows - 1) / kLossRows;
    const int64_t parts = blocks == 0 ? 0 : (kLossTasks + blocks - 1) / blocks;
    float* gathered = scratch(ScratchSlot::a, static_cast<size_t>(rows * d));
    float* state = scratch(ScratchSlot::b, static_cast<size_t>(parts * rows * (dx ? d + 3 : 3)));
    float* mean = nullptr;
    if (dx && smoothing > 0.0f && rows > 0) {
      mean = scratch(ScratchSlot::c, static_cast<size_t>((1 + kMeanParts) * d));
      average_head(pool, *head, mean);
    }
    const LossWork work{.head = head.get(),
                        .x = gathered,
                        .row_of = counted.data(),
                        .target_of = targets,
                        .rows = rows,
                        .parts = parts,
                        .smoothing = smoothing,
                        .want_dx = dx != nullptr,
                        .top = state,
                        .total = state + parts * rows,
                        .logit_sum = state + 2 * parts * rows,
                        .dx = state + 3 * parts * rows,
                        .head_mean = mean};
    parallel_for(pool, rows, row_grain(d), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) widen_values(x + work.row_of[r] * d, gathered + r * d, d);
    });
    pool.run(blocks * parts, [&](int64_t task) {
      const int64_t r0 = task / parts * kLossRows;
      gather_part(work, r0, std::min(rows, r0 + kLossRows), task % parts);
    });
    std::fill_n(row_losses, n, 0.0f);
    if (dx && rows != n) std::fill_n(dx, n * d, 0.0f);
    parallel_for(pool, rows, row_grain(d), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t row = work.row_of[r];
        row_losses[row] = finish_row(work, r, dx ? dx + row * d : nullptr);
      }
    });
    double sum = 0.0;
    for (int64_t i = 0; i < n; ++i) sum += double{row_losses[i]};
    *loss = static_cast<float>(sum);
  };
  cpu_encoder(encoder).launch_checked("linear_cross_entropy", in, out, fault_messages::target(head->rows()), body);
}

void encode_loss(Encoder& encoder, Operands in, Operands out, const LinearCrossEntropy::Attrs& attrs) {
  for_compute_type(in[0].dtype(), [&]<class T> { launch_loss<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_linear_cross_entropy(KernelTable& table) {
  table.add<LinearCrossEntropy>({.supports = supports_loss, .encode = encode_loss});
}

}  // namespace temper::cpu
