// One element a row, and its gradient; a negative id picks 0. An id past the row is a fault, and picks 0 too.
// Work O(N), O(N V) for the gradient; memory: what is picked, and the whole of dx. Exact.
#include "kernels/shared/faults.metal"
#include "parameters/rows.h"

template <class T>
kernel void pick(device const T* x [[buffer(0)]], device const int* ids [[buffer(1)]], device T* y [[buffer(2)]],
                 constant RowParameters& p [[buffer(3)]], device FaultRecord& faults [[buffer(4)]],
                 uint row [[thread_position_in_grid]]) {
  const int id = ids[row];
  const bool is_past = id >= 0 && uint(id) >= p.columns;
  if (is_past) report_fault(faults, 1, row, int4(id, 0, 0, 0));
  y[row] = id < 0 || is_past ? T(0.0f) : x[ulong(row) * p.columns + uint(id)];
}

template <class T>
kernel void pick_backward(device const T* dy [[buffer(0)]], device const int* ids [[buffer(1)]],
                          device T* dx [[buffer(2)]], constant RowParameters& p [[buffer(3)]],
                          device FaultRecord& faults [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  const int id = ids[at.y];
  if (at.x == 0 && id >= 0 && uint(id) >= p.columns) report_fault(faults, 1, at.y, int4(id, 0, 0, 0));
  const uint first = at.x * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.columns); ++i)
    dx[ulong(at.y) * p.columns + i] = int(i) == id ? dy[at.y] : T(0.0f);
}

KERNELS_OF_FLOATS(pick)
KERNELS_OF_FLOATS(pick_backward)
