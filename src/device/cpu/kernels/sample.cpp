// Drawing tokens, and the repetition penalty. One row is one task: temperature, top-k, top-p, min-p, then one draw from
// the cumulative distribution in order of falling probability. Tokens are sorted only as far as a filter or the draw
// needs: O(V) a row plus the sort of what is kept. Sources: top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024;
// repetition penalty: Keskar et al. 2019, section 4.1.
#include "device/op_specs/sample.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/philox.h"
#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

struct SampleParams {
  float temperature, top_k, top_p, min_p;
};

/// Tokens in order of falling logit (of equals the lower id first), sorted as far as asked for.
class SortedTokens {
 public:
  explicit SortedTokens(const std::vector<float>& logits) : logits_(logits), order_(logits.size()) {
    std::iota(order_.begin(), order_.end(), 0);
  }
  int32_t operator[](size_t rank) {
    // Doubling keeps the total work O(V log kept).
    while (rank >= sorted_) {
      const size_t end = std::min(order_.size(), std::max<size_t>(64, 2 * sorted_));
      const auto at = [&](size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
      std::partial_sort(at(sorted_), at(end), order_.end(), [&](int32_t a, int32_t b) {
        const float la = logits_[static_cast<size_t>(a)], lb = logits_[static_cast<size_t>(b)];
        return la > lb || (la == lb && a < b);
      });
      sorted_ = end;
    }
    return order_[rank];
  }

 private:
  const std::vector<float>& logits_;
  std::vector<int32_t> order_;
  size_t sorted_ = 0;
};

/// Whether a token can be drawn; reports why not.
bool check_row(const std::vector<float>& logits, const SampleParams& params, int64_t row, FaultReport& faults) {
  if (!(params.temperature >= 0.0f) || !(params.top_k >= 0.0f) || !(params.top_p > 0.0f && params.top_p <= 1.0f) ||
      !(params.min_p >= 0.0f && params.min_p <= 1.0f)) {
    const auto bits = [](float value) { return std::bit_cast<int32_t>(value); };
    faults(row, {bits(params.temperature), bits(params.top_k), bits(params.top_p), bits(params.min_p)},
           static_cast<uint32_t>(SampleFault::parameters));
    return false;
  }
  bool any = false;
  for (const float logit : logits) {
    if (std::isnan(logit) || logit == INFINITY) {
      faults(row, {}, static_cast<uint32_t>(SampleFault::not_finite));
      return false;
    }
    any = any || logit != -INFINITY;
  }
  if (!any) faults(row, {}, static_cast<uint32_t>(SampleFault::no_token));
  return any;
}

/// The token that `uniform` in [0, 1) falls on.
int32_t draw_token(std::vector<float>& logits, const SampleParams& params, float uniform) {
  const auto best = static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
  if (params.temperature == 0.0f) return static_cast<int32_t>(best);
  const float top = logits[best];
  // Relative to the most likely token, whose weight is then 1; sums in f64, for V may be 2^18 and more.
  const auto weight = [&](float logit) { return std::exp(double{logit - top} / double{params.temperature}); };

  SortedTokens tokens(logits);
  const auto weight_at = [&](size_t rank) { return weight(logits[static_cast<size_t>(tokens[rank])]); };
  size_t kept = logits.size();
  if (params.top_k >= 1.0f && params.top_k < static_cast<float>(kept)) kept = static_cast<size_t>(params.top_k);
  double total = 0.0;
  if (kept == logits.size())
    for (const float logit : logits) total += weight(logit);
  else
    for (size_t rank = 0; rank < kept; ++rank) total += weight_at(rank);
  if (params.top_p < 1.0f) {
    double sum = 0.0;
    size_t rank = 0;
    while (rank < kept && sum < double{params.top_p} * total) sum += weight_at(rank++);
    kept = rank;
    total = sum;
  }
  if (params.min_p > 0.0f) {
    double sum = 0.0;
    size_t rank = 0;
    while (rank < kept && weight_at(rank) >= double{params.min_p}) sum += weight_at(rank++);
    kept = rank;
    total = sum;
  }
  double below = 0.0;
  int32_t token = tokens[0];
  for (size_t rank = 0; rank < kept; ++rank) {
    const double w = weight_at(rank);
    if (w == 0.0) break;  // a draw at the very end, past what rounding left of the sum, stays on the last real token
    token = tokens[rank];
    below += w;
    if (double{uniform} * total < below) break;
  }
  return token;
}

void encode_sample(Encoder& encoder, Operands in, Operands out, const specs::Sample::Attrs& attrs) {
  const int64_t rows = in[0].dim(0), columns = in[0].dim(1);
  const auto* params = data_of<const float>(in[1]);
  const auto* rng = data_of<const int64_t>(in[2]);
  auto* y = data_of<int32_t>(out[0]);
  const uint32_t site = attrs.site;
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    const auto body = [=](ThreadPool& pool, FaultReport& faults) {
      const RngKey key{static_cast<uint64_t>(rng[0]), static_cast<uint32_t>(rng[1]), site};
      pool.run(rows, [&](int64_t r) {
        std::vector<float> logits(static_cast<size_t>(columns));
        std::transform(x + r * columns, x + (r + 1) * columns, logits.begin(),
                       [](T v) { return static_cast<float>(widen(v)); });
        const SampleParams row{params[4 * r], params[4 * r + 1], params[4 * r + 2], params[4 * r + 3]};
        y[r] = check_row(logits, row, r, faults) ? draw_token(logits, row, key.uniform(static_cast<uint64_t>(r))) : 0;
      });
    };
    cpu_encoder(encoder).launch_checked("sample", in, out, fault_messages::sample(), body);
  });
}

void encode_repetition_penalty(Encoder& encoder, Operands in, Operands out,
                               const specs::RepetitionPenalty::Attrs& attrs) {
  const int64_t rows = in[0].dim(0), columns = in[0].dim(1), length = in[1].dim(1);
  const auto* history = data_of<const int32_t>(in[1]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    T* y = data_of<T>(out[0]);
    const auto penalty = static_cast<Wide<T>>(attrs.penalty);
    const auto body = [=](ThreadPool&, FaultReport& faults) {
      for (int64_t r = 0; r < rows; ++r) {
        std::copy(x + r * columns, x + (r + 1) * columns, y + r * columns);
        for (int64_t i = 0; i < length; ++i) {
          const int32_t token = history[r * length + i];
          if (token >= columns) faults(r * length + i, {token, static_cast<int32_t>(r)});
          if (token < 0 || token >= columns) continue;
          // Always from x, so a token that occurs twice is penalised once.
          const Wide<T> logit = widen(x[r * columns + token]);
          y[r * columns + token] = narrow<T>(logit > 0 ? logit / penalty : logit * penalty);
        }
      }
    };
    cpu_encoder(encoder).launch_checked("repetition_penalty", in, out, fault_messages::history(columns), body);
  });
}

}  // namespace

void register_sample(KernelTable& table) {
  table.add<specs::Sample>({.encode = encode_sample});
  table.add<specs::RepetitionPenalty>({.encode = encode_repetition_penalty});
}

}  // namespace temper::cpu
