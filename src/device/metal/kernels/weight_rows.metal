// Rows of a weight, dense or in blocks, as elements of a floating type: all of them in order, or those that ids name
// (embedding). A thread expands a run of 16 elements. An id that names no row is a fault, and its row zeros. Work O(n);
// memory: each row of the weight once, the result once. Exact but for one rounding to the type.
#include "kernels/shared/faults.metal"
#include "kernels/shared/weights.metal"
#include "parameters/weight_rows.h"

constant int w_type [[function_constant(0)]];
constant int y_type [[function_constant(1)]];
constant bool has_ids [[function_constant(2)]];

kernel void weight_rows(device const uchar* weight [[buffer(0)]], device const int* ids [[buffer(1)]],
                        device uchar* y [[buffer(2)]], constant WeightRowsParameters& p [[buffer(3)]],
                        device FaultRecord& faults [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  int row = int(at.y);
  if (has_ids) row = ids[at.y];
  const bool is_there = row >= 0 && uint(row) < p.rows;
  if (!is_there && at.x == 0) report_fault(faults, 1, at.y, int4(row, 0, 0, 0));
  const long stride = long(p.stride) * (is_blocks(w_type) ? 1 : w_type == kStoredF32 ? 4 : 2);
  WeightRun run;
  if (is_there) run = weight_run(weight + row * stride, at.x, p.columns, w_type);
  for (uint e = 0; e < kRun; ++e) {
    const uint column = at.x * kRun + e;
    if (column < p.columns) store(y, long(at.y) * p.columns + column, is_there ? run.values[e] : 0.0f, y_type);
  }
}
