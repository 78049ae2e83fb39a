// Flash attention forward within segments (Dao et al. 2022, alg. 1): blocks of queries against blocks of keys with a
// running maximum and sum, so no row of scores is ever whole. Work O(sum of visible pairs x D), memory O(block) a
// thread. One task a (segment, head, block of queries); few queries (decoding) take a path without blocks, with one
// task a (segment, query, group of heads, chunk of keys), memory O(tasks x D).
#include "device/op_specs/attention.h"

#include <cmath>
#include <limits>

#include "device/cpu/bf16_product.h"
#include "device/cpu/gemm.h"
#include "device/cpu/panels.h"
#include "device/cpu/segments.h"

namespace temper::cpu {
namespace {

using specs::Attention;

constexpr int64_t kQueryBlock = 128;
constexpr int64_t kKeyBlock = 256;
// Up to this many queries of a segment go one by one.
constexpr int64_t kFewQueries = 4;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

bool supports_attention(std::span<const TensorSpec> in, const Attention::Attrs&) {
  return is_compute_type(in[0].dtype);
}

template <class T>
struct ForwardArgs {
  const T *q, *k, *v;
  T* out;
  float* lse;
  int64_t queries, heads, groups, size;
  float scale;
  bool causal;
  int64_t window;

  int64_t q_stride() const { return heads * size; }
  int64_t k_stride() const { return groups * size; }
  int64_t group_of(int64_t head) const { return head / (heads / groups); }
};

/// Queries of segments that have a few of them: each reads its keys and values once for all heads that share them. Long
/// segments are cut into chunks of keys, whose sums are put together afterwards (Dao et al. 2023, flash decoding).
template <class T>
class FewQueries {
 public:
  FewQueries(const ForwardArgs<T>& args, const Segments& segments)
      : args_(args),
        segments_(segments),
        shared_(args.heads / args.groups),
        chunks_(std::max<int64_t>(1, (segments.max_keys() + kKeyChunk - 1) / kKeyChunk)) {
    for (int64_t s = 0; s < segments.count(); ++s)
      if (segments[s].queries() <= kFewQueries) queries_ = std::max(queries_, segments[s].queries());
  }

  /// f32 values that a thread works with, and that all sums occupy.
  int64_t space() const { return shared_ * (args_.size + kKeyChunk); }
  int64_t sum_values() const { return tasks() * sums_of_task(); }

  void run(ThreadPool& threads, const ThreadBlocks& space, float* sums) const {
    threads.run(tasks(), [&](int64_t task, int thread) {
      const Place at = place_of(task / chunks_);
      if (at.j < at.segment.queries()) add_chunk(at, task % chunks_, space[thread], sums + task * sums_of_task());
    });
    parallel_for(threads, tasks() / chunks_, 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) finish(place_of(i), sums + i * chunks_ * sums_of_task());
    });
  }

 private:
  // Keys of a task: enough to be worth one, and few enough that two threads share a context of a thousand.
  static constexpr int64_t kKeyChunk = 256;

  struct Place {
    Segment segment;
    int64_t j, group;
  };
  /// Query j of a segment with the heads of a group. Segments of many queries have none here.
  Place place_of(int64_t i) const {
    const Segment segment = segments_[i / args_.groups / queries_];
    const bool few = segment.queries() <= kFewQueries;
    return {segment, few ? i / args_.groups % queries_ : segment.queries(), i % args_.groups};
  }
  int64_t tasks() const { return segments_.count() * queries_ * args_.groups * chunks_; }
  /// Sums of values [shared, d], largest scores and sums of weights.
  int64_t sums_of_task() const { return shared_ * (args_.size + 2); }
  KeyRange keys_of(const Place& at, int64_t chunk) const {
    const KeyRange seen = visible_keys(at.segment, at.j, args_.causal, args_.window);
    const int64_t begin = std::clamp(chunk * kKeyChunk, seen.begin, seen.end);
    return {begin, std::clamp((chunk + 1) * kKeyChunk, begin, seen.end)};
  }

  void add_chunk(const Place& at, int64_t chunk, float* space, float* sums) const {
    const KeyRange keys = keys_of(at, chunk);
    if (keys.size() == 0) return;
    const int64_t d = args_.size, first_key = (at.segment.k_begin + keys.begin) * args_.k_stride() + at.group * d;
    float *q = space, *weights = space + shared_ * d, *tops = sums + shared_ * d, *totals = tops + shared_;
    widen_values(args_.q + (at.segment.q_begin + at.j) * args_.q_stride() + at.group * shared_ * d, q, shared_ * d);
    scale_in_place(args_.scale, q, shared_ * d);
    dot_matrix(q, shared_, args_.k + first_key, args_.k_stride(), keys.size(), d, weights);
    for (int64_t h = 0; h < shared_; ++h) {
      float* row = weights + h * keys.size();
      tops[h] = max_value(row, keys.size());
      totals[h] = exp_sum(row, tops[h], row, keys.size());
    }
    sum_rows(weights, shared_, args_.v + first_key, args_.k_stride(), keys.size(), d, sums);
  }

  /// Puts the chunks of one query's heads together, in the sums of the first that has any.
  void finish(const Place& at, float* sums) const {
    if (at.j >= at.segment.queries()) return;
    const int64_t d = args_.size, query = at.segment.q_begin + at.j;
    for (int64_t h = 0; h < shared_; ++h) {
      float *sum = nullptr, top = kNothing, total = 0.0f;
      for (int64_t chunk = 0; chunk < chunks_; ++chunk) {
        if (keys_of(at, chunk).size() == 0) continue;
        float *part = sums + chunk * sums_of_task(), *tops = part + shared_ * d;
        const float part_top = tops[h], part_total = tops[shared_ + h];
        if (!sum) {
          sum = part + h * d, top = part_top, total = part_total;
          continue;
        }
        const float new_top = std::max(top, part_top);
        const float shrink = std::exp(top - new_top), part_shrink = std::exp(part_top - new_top);
        scale_in_place(shrink, sum, d);
        add_scaled(part_shrink, part + h * d, sum, d);
        total = total * shrink + part_total * part_shrink;
        top = new_top;
      }
      const int64_t head = at.group * shared_ + h;
      T* out = args_.out + query * args_.q_stride() + head * d;
      args_.lse[head * args_.queries + query] = sum ? top + std::log(total) : kNothing;
      if (!sum) {
        std::fill_n(out, d, from_f32<T>(0.0f));
        continue;
      }
      scale_in_place(1.0f / total, sum, d);
      narrow_values(sum, out, d);
    }
  }

  const ForwardArgs<T>& args_;
  const Segments& segments_;
  int64_t shared_, chunks_;
  int64_t queries_ = 0;  // of the segment that has the most of them, of those that have few
};

/// Rows [begin, end) of one head of x [.., heads, d] as a matrix of f32 with its row stride.
struct HeadPanel {
  const float* data;
  int64_t stride;
};

template <class T>
HeadPanel head_panel(const T* x, int64_t begin, int64_t end, int64_t row_stride, int64_t column, int64_t d,
                     float* space) {
  const T* from = x + begin * row_stride + column;
  if constexpr (std::is_same_v<T, float>) {
    return {from, row_stride};
  } else {
    for (int64_t i = 0; i < end - begin; ++i) widen_values(from + i * row_stride, space + i * d, d);
    return {space, d};
  }
}

/// Working memory of a thread: scores and sums of a block of queries, and f32 copies of q, k and v or what tiles need.
struct BlockSpace {
  float *scores, *panels;
};

int64_t score_values(int64_t d) {
  return kQueryBlock * (kKeyBlock + d);
}

template <class T>
int64_t panel_values(int64_t d) {
  if (std::is_same_v<T, float>) return 0;
  if (std::is_same_v<T, bf16_t> && has_fast_bf16_products())
    return floats_of_bf16(2 * kQueryBlock * kKeyBlock +
                          std::max(bf16_serial_space(kQueryBlock, kKeyBlock, d),
                                   bf16_serial_space(kQueryBlock, d, kKeyBlock, kKeyBlock)));
  return (kQueryBlock + 2 * kKeyBlock) * d;
}

/// A block of queries of one head: its products with blocks of keys and values, and the sums of the latter.
template <class T>
class QueryBlock {
 public:
  /// Queries [first, first + rows).
  QueryBlock(const ForwardArgs<T>& args, int64_t first, int64_t rows, int64_t head, const BlockSpace& space)
      : args_(args),
        rows_(rows),
        column_(args.group_of(head) * args.size),
        q_(args.q + first * args.q_stride() + head * args.size),
        scores_(space.scores),
        sums_(space.scores + kQueryBlock * kKeyBlock),
        panels_(space.panels) {
    const int64_t d = args.size;
    std::fill_n(sums_, rows * d, 0.0f);
    if (!tiles_) q_panel_ = head_panel(args.q, first, first + rows, args.q_stride(), head * d, d, panels_);
  }

  /// scale q k^T [rows, width] with keys [first, first + width).
  float* scores(int64_t first, int64_t width) {
    const int64_t d = args_.size, at = first * args_.k_stride() + column_;
    width_ = width;
    if constexpr (std::is_same_v<T, bf16_t>)
      if (tiles_) {
        v_tiles_ = {args_.v + at, args_.k_stride(), false};
        const Bf16Right k{args_.k + at, args_.k_stride(), true};
        bf16_product_serial(bf16_product_of(rows_, width, d, q_, args_.q_stride(), k),
                            {.f32 = scores_, .stride = width}, product_space());
        scale_in_place(args_.scale, scores_, rows_ * width);
        return scores_;
      }
    float *k_space = nullptr, *v_space = nullptr;
    if constexpr (!std::is_same_v<T, float>) {
      k_space = panels_ + rows_ * d;
      v_space = k_space + kKeyBlock * d;
    }
    const HeadPanel k = head_panel(args_.k, first, first + width, args_.k_stride(), column_, d, k_space);
    v_ = head_panel(args_.v, first, first + width, args_.k_stride(), column_, d, v_space);
    gemm_serial({.trans_b = true,
                 .m = rows_,
                 .n = width,
                 .k = d,
                 .alpha = args_.scale,
                 .lda = q_panel_.stride,
                 .ldb = k.stride,
                 .ldc = width},
                q_panel_.data, k.data, scores_);
    return scores_;
  }

  /// sums += what scores() gave, changed meanwhile, times the values of the same rows.
  void add_values() {
    const int64_t d = args_.size;
    if constexpr (std::is_same_v<T, bf16_t>)
      if (tiles_) {
        auto* high = reinterpret_cast<bf16_t*>(panels_);
        bf16_t* low = high + kQueryBlock * kKeyBlock;
        split_values(scores_, 1, rows_ * width_, high, low, 0);
        Bf16Product product = bf16_product_of(rows_, d, width_, high, width_, v_tiles_);
        product.k2 = width_;
        product.a2 = low;
        product.lda2 = width_;
        product.b2 = v_tiles_;
        return bf16_product_serial(product, {.f32 = sums_, .stride = d, .add = true}, product_space());
      }
    gemm_serial({.m = rows_, .n = d, .k = width_, .beta = 1.0f, .lda = width_, .ldb = v_.stride, .ldc = d}, scores_,
                v_.data, sums_);
  }

  float* sums(int64_t row) { return sums_ + row * args_.size; }

 private:
  bf16_t* product_space() { return reinterpret_cast<bf16_t*>(panels_) + 2 * kQueryBlock * kKeyBlock; }

  const ForwardArgs<T>& args_;
  const bool tiles_ = std::is_same_v<T, bf16_t> && has_fast_bf16_products();
  int64_t rows_, column_, width_ = 0;
  const T* q_;
  float *scores_, *sums_, *panels_;
  HeadPanel q_panel_{}, v_{};
  Bf16Right v_tiles_;
};

/// Queries [j0, j1) of a segment, at most kQueryBlock, for one head.
template <class T>
void attend_block(const ForwardArgs<T>& args, const Segment& segment, int64_t j0, int64_t j1, int64_t head,
                  const BlockSpace& space) {
  const int64_t d = args.size, rows = j1 - j0;
  std::array<float, kQueryBlock> top, total;
  top.fill(kNothing);
  total.fill(0.0f);
  QueryBlock<T> block(args, segment.q_begin + j0, rows, head, space);
  // Ranges move with j: the first row begins lowest, the last row ends highest.
  const int64_t lowest = visible_keys(segment, j0, args.causal, args.window).begin;
  const int64_t highest = visible_keys(segment, j1 - 1, args.causal, args.window).end;
  for (int64_t k0 = lowest; k0 < highest; k0 += kKeyBlock) {
    const int64_t k1 = std::min(highest, k0 + kKeyBlock), width = k1 - k0;
    float* scores = block.scores(segment.k_begin + k0, width);
    for (int64_t r = 0; r < rows; ++r) {
      float* row = scores + r * width;
      const KeyRange seen = visible_keys(segment, j0 + r, args.causal, args.window);
      const int64_t begin = std::clamp(seen.begin, k0, k1) - k0, end = std::clamp(seen.end, k0, k1) - k0;
      const auto at = static_cast<size_t>(r);
      std::fill_n(row, begin, 0.0f);
      std::fill_n(row + end, width - end, 0.0f);
      if (begin == end) continue;
      const float new_top = std::max(top[at], max_value(row + begin, end - begin));
      const float shrink = total[at] == 0.0f ? 0.0f : std::exp(top[at] - new_top);
      total[at] = total[at] * shrink + exp_sum(row + begin, new_top, row + begin, end - begin);
      if (shrink != 1.0f && k0 != lowest) scale_in_place(shrink, block.sums(r), d);
      top[at] = new_top;
    }
    block.add_values();
  }
  for (int64_t r = 0; r < rows; ++r) {
    const auto at = static_cast<size_t>(r);
    const int64_t query = segment.q_begin + j0 + r;
    const bool sees = total[at] != 0.0f;  // NaN counts as seeing
    if (sees) scale_in_place(1.0f / total[at], block.sums(r), d);
    narrow_values(block.sums(r), args.out + query * args.q_stride() + head * d, d);
    args.lse[head * args.queries + query] = sees ? top[at] + std::log(total[at]) : kNothing;
  }
}

template <class T>
void launch_attention(Encoder& encoder, Operands in, Operands out, const Attention::Attrs& attrs) {
  const ForwardArgs<T> args{.q = data_of<const T>(in[0]),
                            .k = data_of<const T>(in[1]),
                            .v = data_of<const T>(in[2]),
                            .out = data_of<T>(out[0]),
                            .lse = data_of<float>(out[1]),
                            .queries = in[0].dim(0),
                            .heads = in[0].dim(1),
                            .groups = in[1].dim(1),
                            .size = in[0].dim(2),
                            .scale = attrs.scale,
                            .causal = attrs.causal,
                            .window = attrs.window};
  const int32_t* rows = data_of<const int32_t>(in[3]);
  const int64_t count = in[3].dim(0), keys = in[1].dim(0);
  const auto body = [=](Workspace& work, FaultReport& faults) {
    const Segments segments(rows, count, args.queries, keys, faults);
    if (segments.total_queries() != args.queries) {
      std::fill_n(args.out, args.queries * args.q_stride(), from_f32<T>(0.0f));
      std::fill_n(args.lse, args.heads * args.queries, kNothing);
    }
    const int64_t d = args.size;
    const FewQueries<T> few(args, segments);
    const bool many = segments.max_queries() > kFewQueries;
    const ThreadBlocks scores = work.scratch.take_for_threads(
        ScratchSlot::d, static_cast<size_t>(std::max(few.space(), many ? score_values(d) : 0)));
    few.run(work, scores, work.scratch.take(ScratchSlot::f, static_cast<size_t>(few.sum_values())));
    if (!many) return;
    const int64_t blocks = (segments.max_queries() + kQueryBlock - 1) / kQueryBlock;
    const ThreadBlocks panels = work.scratch.take_for_threads(ScratchSlot::e, static_cast<size_t>(panel_values<T>(d)));
    work.threads.run(blocks * count * args.heads, [&](int64_t task, int thread) {
      const int64_t head = task % args.heads;
      const Segment segment = segments[task / args.heads % count];
      // Later blocks see more keys: they go first, so that none is left running alone at the end.
      const int64_t j0 = (blocks - 1 - task / (args.heads * count)) * kQueryBlock;
      const int64_t j1 = std::min(j0 + kQueryBlock, segment.queries());
      if (j0 < j1 && segment.queries() > kFewQueries)
        attend_block(args, segment, j0, j1, head, {scores[thread], panels[thread]});
    });
  };
  cpu_encoder(encoder).launch_checked("attention", in, out, fault_messages::segment(args.queries, keys), body);
}

void encode_attention(Encoder& encoder, Operands in, Operands out, const Attention::Attrs& attrs) {
  for_compute_type(in[0].dtype(), [&]<class T> { launch_attention<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_attention(KernelTable& table) {
  table.add<Attention>({.supports = supports_attention, .encode = encode_attention});
}

}  // namespace temper::cpu
