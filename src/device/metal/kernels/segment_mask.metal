// The mask that segments, causality and a window imply, written out: a thread an element. A segment that isn't inside of
// the queries and keys is a fault, and empty. Work O(queries keys segments); memory: the mask once. Exact.
#include "kernels/shared/faults.metal"
#include "parameters/segment_mask.h"

inline bool is_inside(int4 segment, constant SegmentMaskParameters& p) {
  return 0 <= segment.x && segment.x <= segment.y && segment.y <= int(p.queries) && 0 <= segment.z &&
         segment.z <= segment.w && segment.w <= int(p.keys);
}

template <class T>
kernel void segment_mask(device const int* segments [[buffer(0)]], device T* mask [[buffer(1)]],
                         constant SegmentMaskParameters& p [[buffer(2)]], device FaultRecord& faults [[buffer(3)]],
                         uint2 at [[thread_position_in_grid]]) {
  const int key = int(at.x), query = int(at.y);
  bool sees = false;
  for (uint s = 0; s < p.segments; ++s) {
    const int4 segment = int4(segments[4 * s], segments[4 * s + 1], segments[4 * s + 2], segments[4 * s + 3]);
    if (!is_inside(segment, p)) {
      if (at.x == 0 && at.y == 0) report_fault(faults, 1, s, segment);
      continue;
    }
    if (query < segment.x || query >= segment.y || key < segment.z || key >= segment.w) continue;
    // Counted from the segment's first key.
    const int position = (segment.w - segment.z) - (segment.y - segment.x) + (query - segment.x);
    const int place = key - segment.z;
    sees = (p.causal == 0 || place <= position) && (p.window == 0 || place > position - int(p.window));
  }
  mask[ulong(query) * p.keys + uint(key)] = sees ? T(0.0f) : T(-INFINITY);
}

KERNELS_OF_FLOATS(segment_mask)
