// Flash attention backward within segments (Dao et al. 2022, alg. 4): scores are made again, block by block, from the
// saved logarithm of the softmax's denominator. One task a (segment, head); its gradients of keys and values go to f32
// scratch and are summed over the heads of a group in head order. Work 2.5 times the forward's; memory O(H Nk D).
#include "device/op_specs/attention.h"

#include <cmath>

#include "device/cpu/bf16_product.h"
#include "device/cpu/gemm.h"
#include "device/cpu/panels.h"
#include "device/cpu/segments.h"

namespace temper::cpu {
namespace {

using specs::AttentionBackward;

constexpr int64_t kGradQueryBlock = 64;
constexpr int64_t kGradQueryTiles = 128;
constexpr int64_t kGradKeyBlock = 256;

bool supports_attention_backward(std::span<const TensorSpec> in, const AttentionBackward::Attrs&) {
  return is_compute_type(in[1].dtype);
}

template <class T>
struct BackwardArgs {
  const T *dout, *q, *k, *v, *out;
  const float* lse;
  T *dq, *dk, *dv;
  int64_t queries, keys, heads, groups, size;
  float scale;
  bool causal;
  int64_t window;

  int64_t q_stride() const { return heads * size; }
  int64_t k_stride() const { return groups * size; }
  int64_t group_size() const { return heads / groups; }
};

/// A head's rows as f32 [rows, d], gathered into `to`.
template <class T>
void gather_head(const T* x, int64_t row_stride, int64_t rows, int64_t d, float* to) {
  for (int64_t i = 0; i < rows; ++i) widen_values(x + i * row_stride, to + i * d, d);
}

/// Values of working memory that a (segment, head) with so many keys needs.
int64_t head_values(int64_t keys, int64_t d) {
  return kGradQueryBlock * (2 * kGradKeyBlock + 3 * d) + 2 * keys * d;
}

/// All blocks of one (segment, head); dk and dv [keys of the segment, d] receive this head's part. `p`: head_values().
template <class T>
void differentiate_head(const BackwardArgs<T>& args, const Segment& segment, int64_t head, float* dk, float* dv,
                        float* p) {
  const int64_t d = args.size, keys = segment.keys();
  const int64_t column = head / args.group_size() * d;
  float* ds = p + kGradQueryBlock * kGradKeyBlock;
  float* q = ds + kGradQueryBlock * kGradKeyBlock;
  float *dout = q + kGradQueryBlock * d, *dq = dout + kGradQueryBlock * d;
  float *k = dq + kGradQueryBlock * d, *v = k + keys * d;
  gather_head(args.k + segment.k_begin * args.k_stride() + column, args.k_stride(), keys, d, k);
  gather_head(args.v + segment.k_begin * args.k_stride() + column, args.k_stride(), keys, d, v);
  std::fill_n(dk, keys * d, 0.0f);
  std::fill_n(dv, keys * d, 0.0f);

  for (int64_t j0 = 0; j0 < segment.queries(); j0 += kGradQueryBlock) {
    const int64_t rows = std::min(kGradQueryBlock, segment.queries() - j0), query = segment.q_begin + j0;
    const int64_t first = query * args.q_stride() + head * d;
    std::array<float, kGradQueryBlock> delta;
    gather_head(args.out + first, args.q_stride(), rows, d, q);
    gather_head(args.dout + first, args.q_stride(), rows, d, dout);
    for (int64_t r = 0; r < rows; ++r) delta[static_cast<size_t>(r)] = dot(q + r * d, dout + r * d, d);
    gather_head(args.q + first, args.q_stride(), rows, d, q);
    std::fill_n(dq, rows * d, 0.0f);

    const int64_t lowest = visible_keys(segment, j0, args.causal, args.window).begin;
    const int64_t highest = visible_keys(segment, j0 + rows - 1, args.causal, args.window).end;
    for (int64_t k0 = lowest; k0 < highest; k0 += kGradKeyBlock) {
      const int64_t k1 = std::min(highest, k0 + kGradKeyBlock), width = k1 - k0;
      const float *kb = k + k0 * d, *vb = v + k0 * d;
      gemm_serial(
          {.trans_b = true, .m = rows, .n = width, .k = d, .alpha = args.scale, .lda = d, .ldb = d, .ldc = width}, q,
          kb, p);
      gemm_serial({.trans_b = true, .m = rows, .n = width, .k = d, .lda = d, .ldb = d, .ldc = width}, dout, vb, ds);
      for (int64_t r = 0; r < rows; ++r) {
        float *p_row = p + r * width, *ds_row = ds + r * width;
        const KeyRange seen = visible_keys(segment, j0 + r, args.causal, args.window);
        const int64_t begin = std::clamp(seen.begin, k0, k1) - k0, end = std::clamp(seen.end, k0, k1) - k0;
        for (float* row : {p_row, ds_row}) {
          std::fill_n(row, begin, 0.0f);
          std::fill_n(row + end, width - end, 0.0f);
        }
        if (begin == end) continue;
        exp_sum(p_row + begin, args.lse[head * args.queries + query + r], p_row + begin, end - begin);
        softmax_gradient(p_row + begin, ds_row + begin, delta[static_cast<size_t>(r)], args.scale, ds_row + begin,
                         end - begin);
      }
      gemm_serial({.trans_a = true, .m = width, .n = d, .k = rows, .beta = 1.0f, .lda = width, .ldb = d, .ldc = d}, p,
                  dout, dv + k0 * d);
      gemm_serial({.m = rows, .n = d, .k = width, .beta = 1.0f, .lda = width, .ldb = d, .ldc = d}, ds, kb, dq);
      gemm_serial({.trans_a = true, .m = width, .n = d, .k = rows, .beta = 1.0f, .lda = width, .ldb = d, .ldc = d}, ds,
                  q, dk + k0 * d);
    }
    for (int64_t r = 0; r < rows; ++r) narrow_values(dq + r * d, args.dq + first + r * args.q_stride(), d);
  }
}

constexpr int64_t kTileScores = kGradQueryTiles * kGradKeyBlock;

/// f32 values of working memory for a (segment, head) in tiles: those of f32 and those of bf16.
int64_t wide_tile_values(int64_t d) {
  return 2 * kTileScores + kGradQueryTiles * (d + 2) + d;
}
int64_t tile_values(int64_t keys, int64_t d) {
  const int64_t scores = bf16_serial_space(kGradKeyBlock, kGradQueryTiles, d),
                key_gradients = bf16_serial_space(kGradKeyBlock, d, kGradQueryTiles),
                query_gradients = bf16_serial_space(d, kGradQueryTiles, kGradKeyBlock);
  return wide_tile_values(d) +
         floats_of_bf16(2 * kTileScores + keys * d + std::max({scores, key_gradients, query_gradients}));
}

/// The same in bf16 tiles; `p`: tile_values(). Scores are made transposed, [keys, queries], so that they are left
/// factors in rows for the gradients of keys and values; those of the queries come transposed too, from K^T dS^T.
void differentiate_head_tiles(const BackwardArgs<bf16_t>& args, const Segment& segment, int64_t head, float* dk,
                              float* dv, float* p) {
  const int64_t d = args.size, keys = segment.keys();
  const int64_t first_key = segment.k_begin * args.k_stride() + head / args.group_size() * d;
  const bf16_t *k = args.k + first_key, *v = args.v + first_key;
  float *ds = p + kTileScores, *dq = ds + kTileScores, *lse = dq + kGradQueryTiles * d, *delta = lse + kGradQueryTiles;
  float* wide = delta + kGradQueryTiles;
  auto* p_rounded = reinterpret_cast<bf16_t*>(p + wide_tile_values(d));
  bf16_t *ds_rounded = p_rounded + kTileScores, *k_transposed = ds_rounded + kTileScores,
         *space = k_transposed + keys * d;
  for (int64_t i = 0; i < keys; ++i)
    for (int64_t c = 0; c < d; ++c) k_transposed[c * keys + i] = k[i * args.k_stride() + c];
  std::fill_n(dk, keys * d, 0.0f);
  std::fill_n(dv, keys * d, 0.0f);

  for (int64_t j0 = 0; j0 < segment.queries(); j0 += kGradQueryTiles) {
    const int64_t rows = std::min(kGradQueryTiles, segment.queries() - j0), query = segment.q_begin + j0;
    const int64_t stride = args.q_stride(), first = query * stride + head * d;
    const bf16_t *q = args.q + first, *dout = args.dout + first;
    for (int64_t r = 0; r < rows; ++r) {
      widen_values(args.out + first + r * stride, wide, d);
      delta[r] = dot(wide, dout + r * stride, d);
      lse[r] = args.lse[head * args.queries + query + r];
    }
    std::fill_n(dq, d * rows, 0.0f);

    const int64_t lowest = visible_keys(segment, j0, args.causal, args.window).begin;
    const int64_t highest = visible_keys(segment, j0 + rows - 1, args.causal, args.window).end;
    for (int64_t k0 = lowest; k0 < highest; k0 += kGradKeyBlock) {
      const int64_t k1 = std::min(highest, k0 + kGradKeyBlock), width = k1 - k0, at = k0 * args.k_stride();
      bf16_product_serial(bf16_product_of(width, rows, d, k + at, args.k_stride(), {q, stride, true}),
                          {.f32 = p, .stride = rows}, space);
      bf16_product_serial(bf16_product_of(width, rows, d, v + at, args.k_stride(), {dout, stride, true}),
                          {.f32 = ds, .stride = rows}, space);
      // The queries that see a key are a range, whose ends only grow from key to key.
      int64_t from = 0, to = 0;
      for (int64_t i = 0; i < width; ++i) {
        const auto seen = [&](int64_t r) { return visible_keys(segment, j0 + r, args.causal, args.window); };
        while (from < rows && seen(from).end <= k0 + i) ++from;
        while (to < rows && seen(to).begin <= k0 + i) ++to;
        const int64_t begin = std::min(from, to), count = to - begin;
        float *p_row = p + i * rows, *ds_row = ds + i * rows;
        exp_columns(p_row + begin, args.scale, lse + begin, p_row + begin, count);
        softmax_gradient_columns(p_row + begin, ds_row + begin, delta + begin, args.scale, ds_row + begin, count);
        for (float* row : {p_row, ds_row}) {
          std::fill_n(row, begin, 0.0f);
          std::fill_n(row + to, rows - to, 0.0f);
        }
      }
      narrow_values(p, p_rounded, width * rows);
      narrow_values(ds, ds_rounded, width * rows);
      bf16_product_serial(bf16_product_of(width, d, rows, p_rounded, rows, {dout, stride, false}),
                          {.f32 = dv + k0 * d, .stride = d, .add = true}, space);
      bf16_product_serial(bf16_product_of(width, d, rows, ds_rounded, rows, {q, stride, false}),
                          {.f32 = dk + k0 * d, .stride = d, .add = true}, space);
      bf16_product_serial(bf16_product_of(d, rows, width, k_transposed + k0, keys, {ds_rounded, rows, false}),
                          {.f32 = dq, .stride = rows, .add = true}, space);
    }
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < d; ++c) wide[c] = dq[c * rows + r];
      narrow_values(wide, args.dq + first + r * stride, d);
    }
  }
}

/// Sums the heads of each group: partial [heads, keys, d] f32 to dk or dv [keys, groups, d], for one key, in `sum` [d].
template <class T>
void sum_group(const BackwardArgs<T>& args, const float* partial, int64_t key, T* to, float* sum) {
  const int64_t d = args.size;
  for (int64_t g = 0; g < args.groups; ++g) {
    std::fill_n(sum, d, 0.0f);
    for (int64_t h = g * args.group_size(); h < (g + 1) * args.group_size(); ++h)
      add_scaled(1.0f, partial + (h * args.keys + key) * d, sum, d);
    narrow_values(sum, to + key * args.k_stride() + g * d, d);
  }
}

template <class T>
void launch_attention_backward(Encoder& encoder, Operands in, Operands out, const AttentionBackward::Attrs& attrs) {
  const BackwardArgs<T> args{.dout = data_of<const T>(in[0]),
                             .q = data_of<const T>(in[1]),
                             .k = data_of<const T>(in[2]),
                             .v = data_of<const T>(in[3]),
                             .out = data_of<const T>(in[4]),
                             .lse = data_of<const float>(in[5]),
                             .dq = data_of<T>(out[0]),
                             .dk = data_of<T>(out[1]),
                             .dv = data_of<T>(out[2]),
                             .queries = in[1].dim(0),
                             .keys = in[2].dim(0),
                             .heads = in[1].dim(1),
                             .groups = in[2].dim(1),
                             .size = in[1].dim(2),
                             .scale = attrs.scale,
                             .causal = attrs.causal,
                             .window = attrs.window};
  const int32_t* rows = data_of<const int32_t>(in[6]);
  const int64_t count = in[6].dim(0);
  const auto body = [=](Workspace& work, FaultReport& faults) {
    const Segments segments(rows, count, args.queries, args.keys, faults);
    if (segments.total_queries() != args.queries)
      std::fill_n(args.dq, args.queries * args.q_stride(), from_f32<T>(0.0f));
    if (segments.total_keys() != args.keys)
      for (T* grad : {args.dk, args.dv}) std::fill_n(grad, args.keys * args.k_stride(), from_f32<T>(0.0f));
    // One head after the other, each with all keys, so that a task's part is contiguous.
    const int64_t d = args.size;
    const auto part = static_cast<size_t>(args.heads * args.keys * d);
    float* dk = work.scratch.take(ScratchSlot::a, part);
    float* dv = work.scratch.take(ScratchSlot::b, part);
    const bool tiles = std::is_same_v<T, bf16_t> && has_fast_bf16_products();
    const int64_t values = tiles ? tile_values(segments.max_keys(), d) : head_values(segments.max_keys(), d);
    const ThreadBlocks blocks = work.scratch.take_for_threads(ScratchSlot::e, static_cast<size_t>(values));
    const ThreadBlocks sums = work.scratch.take_for_threads(ScratchSlot::d, static_cast<size_t>(d));
    work.threads.run(count * args.heads, [&](int64_t task, int thread) {
      const int64_t head = task % args.heads;
      const Segment segment = segments[task / args.heads];
      const int64_t at = (head * args.keys + segment.k_begin) * d;
      if constexpr (std::is_same_v<T, bf16_t>)
        if (tiles) return differentiate_head_tiles(args, segment, head, dk + at, dv + at, blocks[thread]);
      differentiate_head(args, segment, head, dk + at, dv + at, blocks[thread]);
    });
    for (int64_t s = 0; s < count; ++s) {
      const Segment segment = segments[s];
      parallel_for(work, segment.keys(), row_grain(args.heads * d), [&](int64_t begin, int64_t end, int thread) {
        for (int64_t key = segment.k_begin + begin; key < segment.k_begin + end; ++key) {
          sum_group(args, dk, key, args.dk, sums[thread]);
          sum_group(args, dv, key, args.dv, sums[thread]);
        }
      });
    }
  };
  cpu_encoder(encoder).launch_checked("attention_backward", in, out, fault_messages::segment(args.queries, args.keys),
                                      body);
}

void encode_attention_backward(Encoder& encoder, Operands in, Operands out, const AttentionBackward::Attrs& attrs) {
  for_compute_type(in[1].dtype(), [&]<class T> { launch_attention_backward<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_attention_backward(KernelTable& table) {
  table.add<AttentionBackward>({.supports = supports_attention_backward, .encode = encode_attention_backward});
}

}  // namespace temper::cpu
