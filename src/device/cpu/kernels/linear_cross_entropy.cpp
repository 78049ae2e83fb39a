// Cross entropy of x head^T without the logits: blocks of rows against blocks of the vocabulary with a running maximum
// and sum, as flash attention does it (Dao et al. 2022, alg. 1), and the gradient of x gathered on the way as
// sum of exp(logit) head. Ignored rows cost nothing. Work 4 N V D (2 N V D without gradient), memory O(parts N D).
// The vocabulary is cut into parts when there are few rows, so that all threads have work; parts are joined in order.
#include "device/op_specs/linear_cross_entropy.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "device/cpu/gemm.h"
#include "device/cpu/panels.h"
#include "device/cpu/weight_product.h"

namespace temper::cpu {
namespace {

using specs::LinearCrossEntropy;

constexpr int64_t kLossRows = 256;
constexpr int64_t kLossTileRows = 512;  // of bf16: the head's panels are packed once a block of rows
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
  const bf16_t* tiles;       // the same as bf16 where products are made of tiles, else null
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

/// Working memory of a thread: logits of a block (before and after, a row of the head), a block of the head as f32, and
/// what the tiles need.
struct LossSpace {
  float *logits, *expanded;
  bf16_t* tiles;
};

/// Values of LossSpace::tiles: probabilities and head as bf16, then what the products take.
int64_t loss_tile_values(int64_t rows, int64_t d) {
  return rows * kLossVocabulary + kLossVocabulary * d +
         std::max(bf16_serial_space(rows, kLossVocabulary, d), bf16_serial_space(rows, d, kLossVocabulary));
}

/// Products of rows [r0, r1) of x with a block of the head, and of their probabilities with it.
class LossBlock {
 public:
  LossBlock(const LossWork& work, int64_t r0, int64_t r1, const LossSpace& space)
      : work_(work),
        r0_(r0),
        rows_(r1 - r0),
        dense_(work.head->f32()),
        logits_(space.logits),
        expanded_(space.expanded),
        rounded_(space.tiles) {}

  /// [rows, v1 - v0]
  float* multiply(int64_t v0, int64_t v1) {
    const int64_t d = work_.d(), width = v1 - v0;
    if (work_.tiles) {
      head16_ = rows_as_bf16(*work_.head, v0, v1, expanded_, rounded_ + rows_ * kLossVocabulary);
      bf16_product_serial(bf16_product_of(rows_, width, d, work_.tiles + r0_ * d, d, {head16_, d, true}),
                          {.f32 = logits_, .stride = width}, product_space());
      return logits_;
    }
    if (!dense_) expand_rows(*work_.head, v0, v1, expanded_);
    head_ = dense_ ? dense_ + v0 * d : expanded_;
    gemm_serial({.trans_b = true, .m = rows_, .n = width, .k = d, .lda = d, .ldb = d, .ldc = width}, work_.x + r0_ * d,
                head_, logits_);
    return logits_;
  }
  /// dx += what multiply() gave, changed meanwhile, times the same block of the head.
  void add_gradient(int64_t width, float* dx) {
    const int64_t d = work_.d();
    if (!work_.tiles)
      return gemm_serial({.m = rows_, .n = d, .k = width, .beta = 1.0f, .lda = width, .ldb = d, .ldc = d}, logits_,
                         head_, dx);
    narrow_values(logits_, rounded_, rows_ * width);
    bf16_product_serial(bf16_product_of(rows_, d, width, rounded_, width, {head16_, d, false}),
                        {.f32 = dx, .stride = d, .add = true}, product_space());
  }

 private:
  bf16_t* product_space() { return rounded_ + rows_ * kLossVocabulary + kLossVocabulary * work_.d(); }

  const LossWork& work_;
  int64_t r0_, rows_;
  const float *dense_, *head_ = nullptr;
  const bf16_t* head16_ = nullptr;
  float *logits_, *expanded_;
  bf16_t* rounded_;
};

/// Rows [r0, r1) against one part of the vocabulary.
void gather_part(const LossWork& work, int64_t r0, int64_t r1, int64_t part, const LossSpace& space) {
  const int64_t d = work.d(), rows = r1 - r0, at = part * work.rows + r0;
  const int64_t step = (work.vocabulary() + work.parts - 1) / work.parts;
  const int64_t begin = std::min(work.vocabulary(), part * step), end = std::min(work.vocabulary(), begin + step);
  float *top = work.top + at, *total = work.total + at, *logit_sum = work.logit_sum + at, *dx = work.dx + at * d;
  std::fill_n(top, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(total, rows, 0.0f);
  std::fill_n(logit_sum, rows, 0.0f);
  if (work.want_dx) std::fill_n(dx, rows * d, 0.0f);
  LossBlock block(work, r0, r1, space);
  for (int64_t v0 = begin; v0 < end; v0 += kLossVocabulary) {
    const int64_t v1 = std::min(end, v0 + kLossVocabulary), width = v1 - v0;
    float* logits = block.multiply(v0, v1);
    for (int64_t r = 0; r < rows; ++r) {
      float* row = logits + r * width;
      if (work.smoothing > 0.0f) logit_sum[r] += sum_values(row, width);
      const float new_top = std::max(top[r], max_value(row, width));
      const float shrink = v0 == begin ? 0.0f : std::exp(top[r] - new_top);
      total[r] = total[r] * shrink + exp_sum(row, new_top, row, width);
      if (work.want_dx && v0 != begin && shrink != 1.0f) scale_in_place(shrink, dx + r * d, d);
      top[r] = new_top;
    }
    if (work.want_dx) block.add_gradient(width, dx);
  }
}

/// Joins the parts of one row; returns its loss and, if wanted, writes its gradient. `target_row`: d values.
float finish_row(const LossWork& work, int64_t r, float* dx, float* target_row) {
  const int64_t d = work.d(), n = work.rows;
  float top = work.top[r];
  for (int64_t p = 1; p < work.parts; ++p) top = std::max(top, work.top[p * n + r]);
  float total = 0.0f, logit_sum = 0.0f;
  for (int64_t p = 0; p < work.parts; ++p) {
    total += work.total[p * n + r] * std::exp(work.top[p * n + r] - top);
    logit_sum += work.logit_sum[p * n + r];
  }
  const int64_t target = work.target_of[work.row_of[r]];
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

/// The mean over the vocabulary of the head's rows, into `mean` [(1 + kMeanParts), d]. `row_space`: d values a thread.
void average_head(ThreadPool& pool, const CpuWeight& head, const ThreadBlocks& row_space, float* mean) {
  const int64_t d = head.columns(), rows = head.rows(), step = (rows + kMeanParts - 1) / kMeanParts;
  pool.run(kMeanParts, [&](int64_t part, int thread) {
    float* sum = mean + (1 + part) * d;
    float* row = row_space[thread];
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

/// Writes the rows whose targets count into `counted` [n] and returns how many; those outside of the vocabulary are
/// reported and don't count.
int64_t count_rows(const int32_t* targets, int64_t n, int64_t vocabulary, int32_t* counted, FaultReport& faults) {
  int64_t rows = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (targets[i] >= vocabulary)
      faults(i, {targets[i]});
    else if (targets[i] >= 0)
      counted[rows++] = static_cast<int32_t>(i);
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
  const auto body = [=](Workspace& space, FaultReport& faults) {
    int32_t* counted = space.scratch.take_ints(ScratchSlot::f, static_cast<size_t>(n));
    const int64_t rows = count_rows(targets, n, head->rows(), counted, faults);
    const bool tiles = std::is_same_v<T, bf16_t> && prefers_tiles(rows, *head);
    const int64_t block_rows = tiles ? kLossTileRows : kLossRows, blocks = (rows + block_rows - 1) / block_rows;
    const int64_t parts = blocks == 0 ? 0 : (kLossTasks + blocks - 1) / blocks;
    float* gathered =
        space.scratch.take(ScratchSlot::a, static_cast<size_t>(rows * d + (tiles ? floats_of_bf16(rows * d) : 0)));
    bf16_t* tiles16 = tiles ? reinterpret_cast<bf16_t*>(gathered + rows * d) : nullptr;
    float* state = space.scratch.take(ScratchSlot::b, static_cast<size_t>(parts * rows * (dx ? d + 3 : 3)));
    const auto for_threads = [&](ScratchSlot slot, bool wanted, int64_t floats) {
      return wanted ? space.scratch.take_for_threads(slot, static_cast<size_t>(floats)) : ThreadBlocks();
    };
    const int64_t most_rows = std::min(rows, block_rows);
    const ThreadBlocks logits = for_threads(ScratchSlot::d, true, std::max(d, most_rows * kLossVocabulary));
    const ThreadBlocks expanded = for_threads(ScratchSlot::e, !head->f32(), tiles ? d : kLossVocabulary * d);
    const ThreadBlocks products =
        for_threads(ScratchSlot::panels, tiles, floats_of_bf16(loss_tile_values(most_rows, d)));
    float* mean = nullptr;
    if (dx && smoothing > 0.0f && rows > 0) {
      mean = space.scratch.take(ScratchSlot::c, static_cast<size_t>((1 + kMeanParts) * d));
      average_head(space, *head, logits, mean);
    }
    const LossWork work{.head = head.get(),
                        .x = gathered,
                        .tiles = tiles16,
                        .row_of = counted,
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
    parallel_for(space, rows, row_grain(d), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const T* row = x + work.row_of[r] * d;
        widen_values(row, gathered + r * d, d);
        if constexpr (std::is_same_v<T, bf16_t>)
          if (tiles16) std::copy_n(row, d, tiles16 + r * d);
      }
    });
    space.threads.run(blocks * parts, [&](int64_t task, int thread) {
      const int64_t r0 = task / parts * block_rows;
      gather_part(work, r0, std::min(rows, r0 + block_rows), task % parts,
                  {logits[thread], expanded[thread], reinterpret_cast<bf16_t*>(products[thread])});
    });
    std::fill_n(row_losses, n, 0.0f);
    if (dx && rows != n) std::fill_n(dx, n * d, 0.0f);
    parallel_for(space, rows, row_grain(d), [&](int64_t begin, int64_t end, int thread) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t row = work.row_of[r];
        row_losses[row] = finish_row(work, r, dx ? dx + row * d : nullptr, logits[thread]);
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
