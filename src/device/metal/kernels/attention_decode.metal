// Attention forward of few queries a segment (decoding): the keys of each query are cut into parts, so that a long
// cache keeps the whole GPU busy. Source: Dao et al. 2023, "Flash-Decoding for long-context inference".
// A SIMD-group takes a query head and a part: 8 lanes share a key, 4 keys are under way at once, each with a maximum,
// a sum and weighted values of its own, joined at the end of the part. The heads that share keys and values are the
// SIMD-groups of a threadgroup, so these come from memory once. attention_join then joins the parts; when there is
// only one, the result is written at once. Work O(queries x heads x keys seen x width), memory O(queries x heads x
// parts x width) when there are several. All sums are f32. Tolerance: keys / (4 parts) + parts additions in f32, then
// one rounding to the type.
#include "kernels/shared/stored.metal"
#include "parameters/attention.h"

constant int type [[function_constant(0)]];        // of q, k, v and the result
constant bool has_parts [[function_constant(1)]];  // whether attention_join follows

constant constexpr uint kLanesPerKey = 8;
constant constexpr int kKeysAtOnce = 32 / kLanesPerKey;

// What `top` is subtracted from scores as: of no keys, nothing.
inline float base_of(float top) {
  return top == -INFINITY ? 0.0f : top;
}

// Part group.x of the keys of query group.z; a SIMD-group a head of those that share keys. `Columns` a lane.
template <int Columns>
kernel void attention_part(device const uchar* q [[buffer(0)]], device const uchar* k [[buffer(1)]],
                           device const uchar* v [[buffer(2)]], device const int2* ranges [[buffer(3)]],
                           device uchar* out [[buffer(4)]], device float* lse [[buffer(5)]],
                           device float* sums_of_parts [[buffer(6)]], device float2* tops_of_parts [[buffer(7)]],
                           constant AttentionParameters& p [[buffer(8)]],
                           uint3 group [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]],
                           uint simdgroup [[simdgroup_index_in_threadgroup]],
                           uint simdgroups [[simdgroups_per_threadgroup]]) {
  const uint sharing = p.heads / p.kv_heads, blocks = (sharing + simdgroups - 1) / simdgroups;
  const uint kv_head = group.y / blocks, in_group = group.y % blocks * simdgroups + simdgroup;
  if (in_group >= sharing) return;  // a whole SIMD-group
  const uint query = group.z, head = kv_head * sharing + in_group;

  const int2 range = ranges[query];
  const int part = (max(range.y - range.x, 0) + int(p.parts) - 1) / int(p.parts);
  const int begin = range.x + int(group.x) * part, end = min(begin + part, range.y);

  const uint column = lane % kLanesPerKey * Columns;
  const int columns = clamp(int(p.width) - int(column), 0, Columns);
  float wanted[Columns], sums[Columns];
  for (int c = 0; c < Columns; ++c) {
    sums[c] = 0.0f;
    wanted[c] = c < columns ? p.scale * stored(q, long(query * p.heads + head) * p.width + column + c, type) : 0.0f;
  }

  float top = -INFINITY, total = 0.0f;
  for (int first = begin; first < end; first += kKeysAtOnce) {
    const int key = first + int(lane / kLanesPerKey);
    const long row = (long(key) * p.kv_heads + kv_head) * p.width + column;
    float score = 0.0f;
    if (key < end)
      for (int c = 0; c < Columns; ++c)
        if (c < columns) score += wanted[c] * stored(k, row + c, type);
    for (ushort step = kLanesPerKey / 2; step > 0; step /= 2) score += simd_shuffle_xor(score, step);
    if (key >= end) continue;
    const float new_top = max(top, score), base = base_of(new_top);
    const float shrink = precise::exp(top - base), weight = precise::exp(score - base);
    top = new_top;
    total = total * shrink + weight;
    for (int c = 0; c < Columns; ++c)
      if (c < columns) sums[c] = sums[c] * shrink + weight * stored(v, row + c, type);
  }

  const float own_top = top;
  for (ushort step = kLanesPerKey; step < 32; step *= 2) top = max(top, simd_shuffle_xor(top, step));
  const float shrink = precise::exp(own_top - base_of(top));
  total *= shrink;
  for (ushort step = kLanesPerKey; step < 32; step *= 2) total += simd_shuffle_xor(total, step);
  for (int c = 0; c < Columns; ++c) {
    sums[c] *= shrink;
    for (ushort step = kLanesPerKey; step < 32; step *= 2) sums[c] += simd_shuffle_xor(sums[c], step);
  }

  if (lane >= kLanesPerKey) return;
  if (has_parts) {
    const long at = long(query * p.heads + head) * p.parts + group.x;
    if (lane == 0) tops_of_parts[at] = float2(top, total);
    for (int c = 0; c < columns; ++c) sums_of_parts[at * p.width + column + c] = sums[c];
  } else {
    if (lane == 0) lse[ulong(head) * p.queries + query] = total == 0.0f ? -INFINITY : top + precise::log(total);
    const float scale = total == 0.0f ? 0.0f : 1.0f / total;
    for (int c = 0; c < columns; ++c)
      store(out, long(query * p.heads + head) * p.width + column + c, scale * sums[c], type);
  }
}

KERNEL_OF(attention_part, "16", 2)
KERNEL_OF(attention_part, "64", 8)
KERNEL_OF(attention_part, "128", 16)
KERNEL_OF(attention_part, "256", 32)

// The parts of head group.x of query group.y as one; a SIMD-group, a lane a part, of which there are at most 32.
kernel void attention_join(device const float* sums [[buffer(0)]], device const float2* tops [[buffer(1)]],
                           device uchar* out [[buffer(2)]], device float* lse [[buffer(3)]],
                           constant AttentionParameters& p [[buffer(4)]],
                           uint2 group [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  const uint head = group.x, query = group.y;
  const long row = long(query) * p.heads + head;
  const float2 mine = lane < p.parts ? tops[row * p.parts + lane] : float2(-INFINITY, 0.0f);
  const float top = simd_max(mine.x);
  const float weight = precise::exp(mine.x - base_of(top));
  const float total = simd_sum(mine.y * weight);
  const float scale = total == 0.0f ? 0.0f : 1.0f / total;
  for (uint first = 0; first < p.width; first += 32) {
    const uint column = first + lane;
    float sum = 0.0f;
    for (uint part = 0; part < p.parts; ++part) {
      const float factor = simd_shuffle(weight, ushort(part));
      if (column < p.width) sum += factor * sums[(row * p.parts + part) * p.width + column];
    }
    if (column < p.width) store(out, row * p.width + column, scale * sum, type);
  }
  if (lane == 0) lse[ulong(head) * p.queries + query] = total == 0.0f ? -INFINITY : top + precise::log(total);
}
