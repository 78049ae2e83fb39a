// The k largest values of each row, largest first and of equals the earlier: a threadgroup a row finds one after the
// other, each the first behind the one before. A NaN is a fault, and passed over. Work O(rows k V); memory: x k times,
// from cache. Exact.
#include "kernels/shared/ranking.metal"
#include "parameters/ranking.h"

template <class T>
kernel void top_k(device const T* x [[buffer(0)]], device T* top [[buffer(1)]], device int* places [[buffer(2)]],
                  constant RankingParameters& p [[buffer(3)]], device FaultRecord& faults [[buffer(4)]],
                  ROW_ARGUMENTS) {
  threadgroup float values[kMaxRowSimdgroups];
  threadgroup uint indices[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  device const T* from = x + ulong(row) * p.columns;
  Candidate last = {INFINITY, 0};
  for (uint k = 0; k < p.k; ++k) {
    Candidate best = {-INFINITY, kNoIndex};
    for (uint i = at.index; i < p.columns; i += at.count) {
      const Candidate here = {float(from[i]), i};
      if (k == 0 && isnan(here.value)) report_fault(faults, 1, row, int4(int(i), 0, 0, 0));
      if ((k == 0 || is_before(last, here)) && is_before(here, best)) best = here;
    }
    last = first_of(best, values, indices, at);
    if (at.index != 0) continue;
    const bool is_there = last.index != kNoIndex;  // not where NaNs took the places
    top[ulong(row) * p.k + k] = is_there ? from[last.index] : T(0.0f);
    places[ulong(row) * p.k + k] = is_there ? int(last.index) : 0;
  }
}

KERNELS_OF_FLOATS(top_k)
