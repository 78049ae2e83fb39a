// Panels of a head's rows in threadgroup memory, as attention's kernels multiply them.
#ifndef TEMPER_KERNELS_PANELS
#define TEMPER_KERNELS_PANELS
#include "kernels/shared/stored.metal"

// One head of x [N, heads, width].
struct HeadRows {
  device const uchar* x;
  int type;
  uint heads;
  uint head;
  uint width;

  long at(uint row, uint column) const { return (long(row) * heads + head) * width + column; }
};

// Columns between the rows of a panel of `Blocks` blocks of 8: a few more, so that rows begin in different banks.
constexpr int panel_stride(int blocks) {
  return 8 * blocks + 4;
}

// `Rows` rows from `first` on as f32 times `scale`; zeros past `end`, where `seen` is false, and to the right of the
// head up to a multiple of 8.
template <int Blocks, int Rows, int Threads>
inline void load_panel(HeadRows head, uint first, uint end, threadgroup const int* seen, float scale,
                       threadgroup float* panel, uint thread_index) {
  const uint columns = (head.width + 7) / 8 * 8;
  for (uint i = thread_index; i < Rows * columns; i += Threads) {
    const uint row = i / columns, column = i % columns;
    float value = 0.0f;
    if (first + row < end && seen[row] != 0 && column < head.width)
      value = scale * stored(head.x, head.at(first + row, column), head.type);
    panel[row * panel_stride(Blocks) + column] = value;
  }
}

// Whether any of `Rows` ranges holds each of `Columns` indices from `first` on. A thread an index.
template <int Rows, int Columns>
inline void mark_seen(threadgroup const int2* ranges, int first, threadgroup int* seen, uint thread_index) {
  if (thread_index >= uint(Columns)) return;
  const int at = first + int(thread_index);
  int found = 0;
  for (int i = 0; i < Rows; ++i) found |= int(ranges[i].x <= at && at < ranges[i].y);
  seen[thread_index] = found;
}

// The smallest range that holds all ranges that aren't empty.
template <int Rows>
inline int2 joined(threadgroup const int2* ranges) {
  int2 all = int2(INT_MAX, 0);
  for (int i = 0; i < Rows; ++i)
    if (ranges[i].x < ranges[i].y) all = int2(min(all.x, ranges[i].x), max(all.y, ranges[i].y));
  return all;
}

// One row of blocks from threadgroup memory to rows first .. first + 8 of a head, each row times its scale.
template <int Blocks>
inline void store_rows(thread simdgroup_float8x8 (&sums)[Blocks], threadgroup float* staged, device uchar* y, int type,
                       HeadRows head, uint first, uint end, float scale, uint lane) {
  for (int block = 0; block < Blocks; ++block) {
    if (8 * uint(block) >= head.width) break;
    simdgroup_store(sums[block], staged, 8);
    simdgroup_barrier(mem_flags::mem_threadgroup);
    const uint row = first + lane / 4;  // of the lane's two elements; `scale` is this row's
    for (uint i = 0; i < 2; ++i) {
      const uint in_block = 2 * (lane % 4) + i, column = 8 * uint(block) + in_block;
      if (row < end && column < head.width)
        store(y, head.at(row, column), scale * staged[lane / 4 * 8 + in_block], type);
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }
}
#endif
