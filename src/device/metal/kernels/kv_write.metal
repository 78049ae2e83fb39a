// Rows into a key or value cache. Where targets repeat, the last row stays: an earlier one sees a later one and leaves.
// A target outside of the cache is a fault, and nothing is written for it. Work O(N columns + N^2 ids); memory: every row
// once. Exact.
#include "kernels/shared/faults.metal"
#include "parameters/gather_rows.h"

template <class T>
kernel void kv_write(device T* cache [[buffer(0)]], device const T* rows [[buffer(1)]],
                     device const int* targets [[buffer(2)]], constant GatherParameters& p [[buffer(3)]],
                     device FaultRecord& faults [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  const int target = targets[at.y];
  if (target < 0 || uint(target) >= p.rows) {
    if (at.x == 0) report_fault(faults, 1, at.y, int4(target, 0, 0, 0));
    return;
  }
  for (uint later = at.y + 1; later < p.ids; ++later)
    if (targets[later] == target) return;
  const uint first = at.x * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.columns); ++i)
    cache[ulong(target) * p.columns + i] = rows[ulong(at.y) * p.columns + i];
}

KERNEL_OF(kv_write, "1", uchar)
KERNEL_OF(kv_write, "2", ushort)
KERNEL_OF(kv_write, "4", uint)
KERNEL_OF(kv_write, "8", ulong)
