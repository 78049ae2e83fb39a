// Which keys each query sees, and which queries see each key: both are one contiguous range, possibly empty, since a
// segment's mask is causal, windowed, both or neither. A thread a query or key looks for its segment among all of them;
// a segment that reaches outside of the tensors is a fault, and empty. Work O((queries + keys) segments), memory
// O(queries + keys). Exact.
#include "kernels/shared/faults.metal"
#include "parameters/attention.h"

inline bool is_inside(int4 s, constant AttentionParameters& p) {
  return 0 <= s.x && s.x <= s.y && s.y <= int(p.queries) && 0 <= s.z && s.z <= s.w && s.w <= int(p.keys);
}

kernel void attention_key_ranges(device const int* segments [[buffer(0)]], device int2* ranges [[buffer(1)]],
                                 constant AttentionParameters& p [[buffer(2)]],
                                 device FaultRecord& faults [[buffer(3)]], uint query [[thread_position_in_grid]]) {
  int2 range = int2(0);
  for (uint i = 0; i < p.segments; ++i) {
    const int4 s = int4(segments[4 * i], segments[4 * i + 1], segments[4 * i + 2], segments[4 * i + 3]);
    if (!is_inside(s, p)) {
      if (query == 0) report_fault(faults, 1, i, s);
      continue;
    }
    if (int(query) < s.x || int(query) >= s.y) continue;
    const int keys = s.w - s.z, position = keys - (s.y - s.x) + (int(query) - s.x);
    const int end = p.causal != 0 ? clamp(position + 1, 0, keys) : keys;
    const int begin = p.window > 0 ? clamp(position - int(p.window) + 1, 0, end) : 0;
    range = s.z + int2(begin, end);
  }
  if (query < p.queries) ranges[query] = range;
}

kernel void attention_query_ranges(device const int* segments [[buffer(0)]], device int2* ranges [[buffer(1)]],
                                   constant AttentionParameters& p [[buffer(2)]],
                                   uint key [[thread_position_in_grid]]) {
  int2 range = int2(0);
  for (uint i = 0; i < p.segments; ++i) {
    const int4 s = int4(segments[4 * i], segments[4 * i + 1], segments[4 * i + 2], segments[4 * i + 3]);
    if (!is_inside(s, p) || int(key) < s.z || int(key) >= s.w) continue;
    const int queries = s.y - s.x, first = int(key) - s.z - ((s.w - s.z) - queries);  // the query at the key's position
    const int begin = p.causal != 0 ? clamp(first, 0, queries) : 0;
    const int end = p.window > 0 ? clamp(first + int(p.window), begin, queries) : queries;
    range = s.x + int2(begin, end);
  }
  ranges[key] = range;
}
