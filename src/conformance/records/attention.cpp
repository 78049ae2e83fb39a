// attention and segment_mask.
#include "ops/attention.h"

#include <cmath>

#include "conformance/record.h"
#include "ops/segment_mask.h"

namespace temper::conformance {
namespace {

struct Visibility {
  bool causal;
  int64_t window;
};

/// Whether query q sees key k under any of the segments.
bool sees(const Array& segments, const Visibility& visibility, int64_t q, int64_t k) {
  for (int64_t s = 0; s < segments.shape[0]; ++s) {
    const double q_begin = segments[4 * s], q_end = segments[4 * s + 1], k_begin = segments[4 * s + 2],
                 k_end = segments[4 * s + 3];
    if (static_cast<double>(q) < q_begin || static_cast<double>(q) >= q_end || static_cast<double>(k) < k_begin ||
        static_cast<double>(k) >= k_end)
      continue;
    // The last query stands at the last key.
    const double position = static_cast<double>(q) - q_begin + (k_end - k_begin) - (q_end - q_begin);
    const double key = static_cast<double>(k) - k_begin;
    if (visibility.causal && key > position) continue;
    if (visibility.window > 0 && key <= position - static_cast<double>(visibility.window)) continue;
    return true;
  }
  return false;
}

Array attention_reference(const std::vector<Array>& in, double scale, const Visibility& visibility) {
  const Array &q = in[0], &k = in[1], &v = in[2];
  const int64_t nq = q.shape[0], heads = q.shape[1], d = q.shape[2], nk = k.shape[0], groups = k.shape[1];
  Array out = filled(q.shape, 0);
  for (int64_t h = 0; h < heads; ++h) {
    const int64_t g = h / (heads / groups);
    for (int64_t i = 0; i < nq; ++i) {
      std::vector<double> scores(static_cast<size_t>(nk), -INFINITY);
      double top = -INFINITY, total = 0;
      for (int64_t j = 0; j < nk; ++j) {
        if (!sees(in[3], visibility, i, j)) continue;
        double dot = 0;
        for (int64_t e = 0; e < d; ++e) dot += q[(i * heads + h) * d + e] * k[(j * groups + g) * d + e];
        top = std::max(top, scores[static_cast<size_t>(j)] = scale * dot);
      }
      if (top == -INFINITY) continue;
      for (double& score : scores) total += score = std::exp(score - top);
      for (int64_t j = 0; j < nk; ++j)
        for (int64_t e = 0; e < d; ++e)
          out[(i * heads + h) * d + e] += scores[static_cast<size_t>(j)] / total * v[(j * groups + g) * d + e];
    }
  }
  return out;
}

Sample attention_sample(std::string name, int64_t queries, int64_t keys, std::vector<double> segments,
                        bool smooth = true) {
  const auto count = static_cast<int64_t>(segments.size()) / 4;
  return {std::move(name),
          {uniform({queries, 4, 6}, 1), uniform({keys, 2, 6}, 2), uniform({keys, 2, 6}, 3),
           ids({count, 4}, std::move(segments))},
          smooth};
}

}  // namespace

void register_attention(std::vector<OpRecord>& records) {
  for (const Visibility visibility : {Visibility{true, 0}, Visibility{false, 0}, Visibility{true, 3}}) {
    const std::string name = visibility.window ? " windowed" : visibility.causal ? "" : " bidirectional";
    const specs::Attention::Attrs attrs{.scale = 0.4f, .causal = visibility.causal, .window = visibility.window};
    Sample large = attention_sample("large scores", 3, 3, {0, 3, 0, 3}, false);
    for (double& value : large.inputs[0].values) value *= 10;
    records.push_back({
        .name = "attention" + name,
        .samples = {attention_sample("one document", 5, 5, {0, 5, 0, 5}),
                    attention_sample("packed", 9, 9, {0, 3, 0, 3, 3, 9, 3, 9}),
                    attention_sample("on top of a cache", 3, 8, {0, 3, 0, 8}),
                    attention_sample("decoding two", 2, 12, {0, 1, 0, 5, 1, 2, 6, 12}),
                    attention_sample("queries and keys of no segment", 6, 7, {1, 3, 2, 4, 4, 5, 4, 6}),
                    attention_sample("nothing", 0, 0, {}, false),
                    attention_sample("no keys", 2, 0, {0, 2, 0, 0}, false),
                    attention_sample("several blocks", 70, 300, {0, 70, 0, 300}, visibility.window == 0), large},
        .run = [attrs](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {attention(ctx, in[0], in[1], in[2], in[3], attrs)};
        },
        .reference = [visibility](const std::vector<Array>& in) -> std::vector<Array> {
          return {attention_reference(in, double{0.4f}, visibility)};
        },
        .differentiable = {0, 1, 2},
        .accuracy = Accuracy::product,
        .strided_is_bit_identical = false,
    });
    records.push_back({
        .name = "segment_mask" + name,
        .samples = {{"packed", {ids({2, 4}, {0, 3, 0, 3, 3, 6, 2, 6})}}, {"none", {ids({0, 4}, {})}}},
        .dtypes = {DType::f32},
        .run = [visibility](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {segment_mask(ctx, in[0],
                               {.queries = 6,
                                .keys = 7,
                                .causal = visibility.causal,
                                .window = visibility.window,
                                .dtype = DType::f32})};
        },
        .reference = [visibility](const std::vector<Array>& in) -> std::vector<Array> {
          Array mask = filled({6, 7}, 0);
          for (int64_t i = 0; i < 42; ++i) mask[i] = sees(in[0], visibility, i / 7, i % 7) ? 0 : -INFINITY;
          return {mask};
        },
        .accuracy = Accuracy::exact,
    });
  }
}

}  // namespace temper::conformance
