// Rows by number, and the adjoint. A thread moves kPerThread elements of one row. An id that names no row is a fault, and
// its row zeros. scatter_add: the threadgroup of the first source of a destination adds all of that destination's
// sources in their order, and the others leave: deterministic, without atomics. Work O(N columns), and O(N^2) ids
// compared for scatter_add, whose N is a batch's tokens; memory: every row once. Exact but for the sums' roundings in f32.
#include "kernels/shared/faults.metal"
#include "parameters/gather_rows.h"

template <class T>
kernel void gather_rows(device const T* x [[buffer(0)]], device const int* ids [[buffer(1)]],
                        device T* y [[buffer(2)]], constant GatherParameters& p [[buffer(3)]],
                        device FaultRecord& faults [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  const int id = ids[at.y];
  const bool is_there = id >= 0 && uint(id) < p.rows;
  if (!is_there && at.x == 0) report_fault(faults, 1, at.y, int4(id, 0, 0, 0));
  const uint first = at.x * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.columns); ++i)
    y[ulong(at.y) * p.columns + i] = is_there ? x[ulong(id) * p.columns + i] : T(0);
}

KERNEL_OF(gather_rows, "1", uchar)
KERNEL_OF(gather_rows, "2", ushort)
KERNEL_OF(gather_rows, "4", uint)
KERNEL_OF(gather_rows, "8", ulong)

// A threadgroup a source; y is zero where no source goes.
template <class T>
kernel void scatter_add_rows(device const T* x [[buffer(0)]], device const int* ids [[buffer(1)]],
                             device T* y [[buffer(2)]], constant GatherParameters& p [[buffer(3)]],
                             device FaultRecord& faults [[buffer(4)]], uint source [[threadgroup_position_in_grid]],
                             uint thread_index [[thread_position_in_threadgroup]],
                             uint threads_count [[threads_per_threadgroup]]) {
  const int id = ids[source];
  if (id < 0 || uint(id) >= p.rows) {
    if (thread_index == 0) report_fault(faults, 1, source, int4(id, 0, 0, 0));
    return;
  }
  for (uint other = 0; other < source; ++other)
    if (ids[other] == id) return;  // its threadgroup adds this row
  for (uint i = thread_index; i < p.columns; i += threads_count) {
    float sum = 0.0f;
    for (uint other = source; other < p.ids; ++other)
      if (ids[other] == id) sum += float(x[ulong(other) * p.columns + i]);
    y[ulong(id) * p.columns + i] = T(sum);
  }
}

KERNELS_OF_FLOATS(scatter_add_rows)
