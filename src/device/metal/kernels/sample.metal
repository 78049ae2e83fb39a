// Drawing a token a row, a threadgroup a row. What filters keep, and what a draw falls on, are beginnings of the tokens'
// order by falling logit (of equals the lower id first). Instead of sorting, the end of a beginning is found bit by bit:
// the largest logit, as an ordered 32-bit key, from which on the tokens weigh enough, then the id among the equals. About
// 32 + log2 V passes over the row for each of top-k, top-p and the draw: O(V) work a row whatever the distribution.
// Sources: top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024; repetition penalty: Keskar et al. 2019, sec. 4.1.
// Memory: the row once a pass, from cache. Sums are f32 over 256 threads: a draw within about 1e-6 of the border between
// two tokens may fall on the other than on the CPU, which sums in f64.
#include "kernels/shared/philox.metal"
#include "kernels/shared/ranking.metal"
#include "parameters/ranking.h"

constant constexpr uint kBadParameters = 1;
constant constexpr uint kNotFinite = 2;
constant constexpr uint kNoToken = 3;

// Larger floats have larger keys; the two zeros have one.
inline uint key_of(float logit) {
  const uint bits = as_type<uint>(logit + 0.0f);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

// The last token of a beginning: it has the tokens of larger keys and those of this key up to the id.
struct Last {
  uint key;
  uint id;
};

inline bool has(Last last, uint key, uint id) { return key > last.key || (key == last.key && id <= last.id); }

// A row as its threadgroup sees it.
template <class T>
struct Row {
  device const T* logits;
  uint columns;
  float top;
  float temperature;
  threadgroup float* parts;
  RowThread at;

  float weight(float logit) const { return precise::exp((logit - top) / temperature); }

  // The weight, or with `counts` the number, of the tokens that `kept` has and whose key and id are from these on: keys
  // above `key`, and of `key` itself the ids up to `id`.
  float measure(Last kept, Last part, bool counts) const {
    float sum = 0.0f;
    for (uint i = at.index; i < columns; i += at.count) {
      const float logit = float(logits[i]);
      const uint key = key_of(logit);
      if (has(kept, key, i) && has(part, key, i)) sum += counts ? 1.0f : weight(logit);
    }
    return row_sum(sum, parts, at);
  }

  // The end of the shortest beginning of `kept` that measures at least `target`; with `strictly`, more than it.
  Last end(Last kept, float target, bool counts, bool strictly) const {
    Last last = {0, columns};
    for (int bit = 31; bit >= 0; --bit) {
      const Last tried = {last.key | 1u << bit, columns};
      const float reached = measure(kept, tried, counts);
      if (strictly ? reached > target : reached >= target) last = tried;
    }
    // All of the tokens of the key before may be needed, or not the last of them.
    uint id = 0;
    for (int bit = 31 - int(clz(columns)); bit >= 0; --bit) {
      const uint tried = id | 1u << bit;
      if (tried > columns) continue;
      const float reached = measure(kept, {last.key, tried - 1}, counts);
      if (!(strictly ? reached > target : reached >= target)) id = tried;
    }
    return {last.key, id};
  }
};

template <class T>
kernel void sample(device const T* x [[buffer(0)]], device const float* parameters [[buffer(1)]],
                   device const long* rng [[buffer(2)]], device int* y [[buffer(3)]],
                   constant RankingParameters& p [[buffer(4)]], device FaultRecord& faults [[buffer(5)]],
                   ROW_ARGUMENTS) {
  threadgroup float parts[kMaxRowSimdgroups];
  threadgroup uint indices[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  device const T* logits = x + ulong(row) * p.columns;
  const float temperature = parameters[4 * row], top_k = parameters[4 * row + 1], top_p = parameters[4 * row + 2],
              min_p = parameters[4 * row + 3];
  const bool is_good = temperature >= 0.0f && top_k >= 0.0f && top_p > 0.0f && top_p <= 1.0f && min_p >= 0.0f && min_p <= 1.0f;
  float not_finite = 0.0f;
  Candidate best = {-INFINITY, kNoIndex};
  for (uint i = at.index; i < p.columns; i += at.count) {
    const Candidate here = {float(logits[i]), i};
    if (isnan(here.value) || here.value == INFINITY) not_finite = 1.0f;
    if (is_before(here, best)) best = here;
  }
  best = first_of(best, parts, indices, at);
  not_finite = row_sum(not_finite, parts, at);
  const uint fault = !is_good ? kBadParameters : not_finite > 0.0f ? kNotFinite : best.value == -INFINITY ? kNoToken : 0;
  if (fault != 0 || temperature == 0.0f) {
    if (at.index != 0) return;
    if (fault != 0)
      report_fault(faults, fault, row,
                   int4(as_type<int>(temperature), as_type<int>(top_k), as_type<int>(top_p), as_type<int>(min_p)));
    y[row] = fault != 0 || best.index == kNoIndex ? 0 : int(best.index);
    return;
  }

  const Row<T> of = {logits, p.columns, best.value, temperature, parts, at};
  const Last all = {0, p.columns};
  Last kept = all;
  if (top_k >= 1.0f && top_k < float(p.columns)) kept = of.end(all, float(uint(top_k)), true, false);
  float total = of.measure(kept, all, false);
  if (top_p < 1.0f) {
    kept = of.end(kept, top_p * total, false, false);
    total = of.measure(kept, all, false);
  }
  if (min_p > 0.0f) {
    // Weights fall along the order, so those that are heavy enough are a beginning.
    float count = 0.0f;
    for (uint i = at.index; i < p.columns; i += at.count)
      if (has(kept, key_of(float(logits[i])), i) && of.weight(float(logits[i])) >= min_p) count += 1.0f;
    kept = of.end(kept, row_sum(count, parts, at), true, false);
    total = of.measure(kept, all, false);
  }
  const float uniform = uniform01(random_bits(rng, p.site, row / 4)[row % 4]);
  float target = uniform * total;
  if (!(target < total)) target = total * (1.0f - 0x1p-22f);  // rounding must not pass the last token
  const Last drawn = of.end(kept, target, false, true);
  if (at.index == 0) y[row] = int(drawn.id);
}

KERNELS_OF_FLOATS(sample)

// Each token of a row's history is made less likely, once: a thread looks whether its token occurs.
template <class T>
kernel void repetition_penalty(device const T* x [[buffer(0)]], device const int* history [[buffer(1)]],
                               device T* y [[buffer(2)]], constant PenaltyParameters& p [[buffer(3)]],
                               device FaultRecord& faults [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  const uint token = at.x, row = at.y;
  bool occurs = false;
  for (uint i = 0; i < p.length; ++i) {
    const int past = history[ulong(row) * p.length + i];
    if (past == int(token)) occurs = true;
    if (token == 0 && past >= int(p.columns)) report_fault(faults, 1, i, int4(past, int(row), 0, 0));
  }
  const ulong place = ulong(row) * p.columns + token;
  const float logit = float(x[place]);
  y[place] = !occurs ? x[place] : T(logit > 0.0f ? logit / p.penalty : logit * p.penalty);
}

KERNELS_OF_FLOATS(repetition_penalty)
