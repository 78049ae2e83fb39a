// Drawing tokens, and the repetition penalty. One row is one task: temperature, top-k, top-p, min-p, then one draw from
// the cumulative distribution in order of falling probability. Of that order only the part is sorted in which a filter
// ends or the draw falls: O(V) a row. Sources: top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024;
// repetition penalty: Keskar et al. 2019, section 4.1.
#include "device/op_specs/sample.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <vector>

#include "base/philox.h"
#include "device/cpu/elements.h"
#include "device/cpu/row_math.h"

namespace temper::cpu {
namespace {

struct SampleParams {
  float temperature, top_k, top_p, min_p;
};

/// The tokens of a row in order of falling logit, of equals the lower id first. Only what a filter or a draw ends in
/// is ever sorted: a histogram over the leading bits of the weights, which order floats as their values do, says where
/// that is (at a high temperature different logits weigh the same). Weights are of [0, 1], and one is 1; those of 0 are
/// left out, since they can't be drawn.
class RankedTokens {
 public:
  /// A beginning of that order: all tokens of the bins before `bin`, and the first `rest` (at least 1) of its own.
  struct Beginning {
    size_t bin = 0;
    size_t rest = 0;
    double total = 0.0;  ///< of the weights; sums in f64, for a vocabulary may have 2^18 tokens and more
  };

  RankedTokens(std::span<const float> logits, std::span<const float> weights)
      : logits_(logits), weights_(weights), counts_(kBins), sums_(kBins) {
    for (const float weight : weights) {
      const size_t bin = bin_of(weight);
      ++counts_[bin];
      sums_[bin] += double{weight};
    }
    counts_[bin_of(0.0f)] -= static_cast<size_t>(std::ranges::count(weights, 0.0f));
  }

  Beginning all() const {
    Beginning all;
    for (size_t bin = 0; bin < kBins; ++bin)
      if (counts_[bin] > 0) all = {bin, counts_[bin], all.total + sums_[bin]};
    return all;
  }

  /// The shortest beginning of `kept` that is `enough(tokens, total)`; `kept` when none is.
  template <class Enough>
  Beginning shortest(const Beginning& kept, const Enough& enough) {
    size_t tokens = 0;
    double total = 0.0;
    for (size_t bin = 0; bin <= kept.bin; ++bin) {
      const bool whole = bin < kept.bin || kept.rest == counts_[bin];
      if (counts_[bin] == 0) continue;
      if (!whole || enough(tokens + counts_[bin], total + sums_[bin])) {
        const std::vector<int32_t>& members = sorted(bin);
        const size_t end = bin == kept.bin ? kept.rest : members.size();
        double sum = total;
        for (size_t i = 0; i < end; ++i) {
          sum += double{weights_[static_cast<size_t>(members[i])]};
          if (enough(tokens + i + 1, sum)) return {bin, i + 1, sum};
        }
        if (whole) return {bin, end, total + sums_[bin]};  // as its sum in another order said
      }
      tokens += counts_[bin];
      total += sums_[bin];
    }
    return kept;
  }

  /// Of `kept`, the tokens that weigh at least `least` <= 1.
  Beginning no_lighter_than(const Beginning& kept, float least) {
    Beginning heavy;
    const size_t last = bin_of(least);
    for (size_t bin = 0; bin <= std::min(last, kept.bin); ++bin) {
      if (counts_[bin] == 0) continue;
      if (bin < std::min(last, kept.bin)) {
        heavy = {bin, counts_[bin], heavy.total + sums_[bin]};
        continue;
      }
      for (const int32_t token : sorted(bin)) {
        const float weight = weights_[static_cast<size_t>(token)];
        const size_t taken = heavy.bin == bin ? heavy.rest : 0;
        if (weight < least || (bin == kept.bin && taken == kept.rest)) break;
        heavy = {bin, taken + 1, heavy.total + double{weight}};
      }
    }
    return heavy;
  }

  int32_t last_of(const Beginning& beginning) { return sorted(beginning.bin)[beginning.rest - 1]; }

 private:
  // 4 bits of the mantissa: a bin's weights differ by less than a sixteenth.
  static constexpr int kShift = 19;
  static constexpr size_t kBins = (0x3f800000u >> kShift) + 1;  // of 1.0f and all below

  static size_t bin_of(float weight) { return kBins - 1 - (std::bit_cast<uint32_t>(weight) >> kShift); }

  const std::vector<int32_t>& sorted(size_t bin) {
    if (sorted_bin_ == bin) return members_;
    sorted_bin_ = bin;
    members_.clear();
    for (size_t i = 0; i < weights_.size(); ++i)
      if (bin_of(weights_[i]) == bin && weights_[i] > 0.0f) members_.push_back(static_cast<int32_t>(i));
    std::ranges::sort(members_, [&](int32_t a, int32_t b) {
      const float la = logits_[static_cast<size_t>(a)], lb = logits_[static_cast<size_t>(b)];
      return la > lb || (la == lb && a < b);
    });
    return members_;
  }

  std::span<const float> logits_, weights_;
  std::vector<size_t> counts_;
  std::vector<double> sums_;
  size_t sorted_bin_ = kBins;
  std::vector<int32_t> members_;
};

/// Whether a token can be drawn; reports why not.
bool check_row(const LogitRange& range, const SampleParams& params, int64_t row, FaultReport& faults) {
  if (!(params.temperature >= 0.0f) || !(params.top_k >= 0.0f) || !(params.top_p > 0.0f && params.top_p <= 1.0f) ||
      !(params.min_p >= 0.0f && params.min_p <= 1.0f)) {
    const auto bits = [](float value) { return std::bit_cast<int32_t>(value); };
    faults(row, {bits(params.temperature), bits(params.top_k), bits(params.top_p), bits(params.min_p)},
           static_cast<uint32_t>(SampleFault::parameters));
    return false;
  }
  if (!range.is_valid) {
    faults(row, {}, static_cast<uint32_t>(SampleFault::not_finite));
    return false;
  }
  if (range.top == -INFINITY) faults(row, {}, static_cast<uint32_t>(SampleFault::no_token));
  return range.top != -INFINITY;
}

/// The token that `uniform` in [0, 1) falls on.
int32_t draw_token(std::span<const float> logits, float top, const SampleParams& params, float uniform) {
  if (params.temperature == 0.0f) return static_cast<int32_t>(std::ranges::find(logits, top) - logits.begin());
  // Relative to the most likely token, whose weight is then 1.
  std::vector<float> weights(logits.size());
  sampling_weights(logits.data(), top, params.temperature, weights.data(), static_cast<int64_t>(logits.size()));
  RankedTokens tokens(logits, weights);
  RankedTokens::Beginning kept = tokens.all();
  if (params.top_k >= 1.0f && params.top_k < static_cast<float>(logits.size()))
    kept = tokens.shortest(kept, [k = static_cast<size_t>(params.top_k)](size_t count, double) { return count >= k; });
  if (params.top_p < 1.0f)
    kept =
        tokens.shortest(kept, [least = double{params.top_p} * kept.total](size_t, double sum) { return sum >= least; });
  if (params.min_p > 0.0f) kept = tokens.no_lighter_than(kept, params.min_p);
  return tokens.last_of(
      tokens.shortest(kept, [at = double{uniform} * kept.total](size_t, double sum) { return sum > at; }));
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
        const LogitRange range = logit_range(logits.data(), columns);
        y[r] = check_row(range, row, r, faults)
                   ? draw_token(logits, range.top, row, key.uniform(static_cast<uint64_t>(r)))
                   : 0;
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
