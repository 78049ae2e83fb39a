// Index of the largest value of each row, the first of equals: a threadgroup a row. A NaN is a fault, and passed over.
// Work O(rows V); memory: x once. Exact.
#include "kernels/shared/ranking.metal"
#include "parameters/ranking.h"

template <class T>
kernel void argmax(device const T* x [[buffer(0)]], device int* y [[buffer(1)]],
                   constant RankingParameters& p [[buffer(2)]], device FaultRecord& faults [[buffer(3)]],
                   ROW_ARGUMENTS) {
  threadgroup float values[kMaxRowSimdgroups];
  threadgroup uint indices[kMaxRowSimdgroups];
  const RowThread at = ROW_THREAD;
  Candidate best = {-INFINITY, kNoIndex};
  for (uint i = at.index; i < p.columns; i += at.count) {
    const Candidate here = {float(x[ulong(row) * p.columns + i]), i};
    if (isnan(here.value)) report_fault(faults, 1, row, int4(int(i), 0, 0, 0));
    if (is_before(here, best)) best = here;
  }
  best = first_of(best, values, indices, at);
  if (at.index == 0) y[row] = best.index == kNoIndex ? 0 : int(best.index);
}

KERNELS_OF_FLOATS(argmax)
