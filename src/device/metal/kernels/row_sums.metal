// Sums the rows of a matrix of f32, a thread a column, in order. Work and memory O(rows columns).
#include "kernels/shared/types.metal"
#include "parameters/rows.h"

kernel void row_sums(device const float* rows [[buffer(0)]], device float* sums [[buffer(1)]],
                     constant RowParameters& p [[buffer(2)]], uint column [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (uint row = 0; row < p.rows; ++row) sum += rows[ulong(row) * p.columns + column];
  sums[column] = sum;
}
