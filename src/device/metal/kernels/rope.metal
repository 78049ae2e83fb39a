// Rotary position embedding, half-split pairs: a thread turns one pair of every head of a token, so that sine and cosine
// are computed once. Source: Su et al. 2021, eq. 34, in the layout of Hugging Face checkpoints; the angle is
// f32(position) inv_freq[i] in f32, as Transformers computes it. Work O(N H D), N D / 2 sines; memory: x and y once.
// Tolerance: sine and cosine of f32 angles to a few ulp, which precise:: gives for large positions too.
#include "kernels/shared/types.metal"
#include "parameters/rope.h"

template <class T>
kernel void rope(device const T* x [[buffer(0)]], device const int* positions [[buffer(1)]],
                 device const float* inv_freq [[buffer(2)]], device T* y [[buffer(3)]],
                 constant RopeParameters& p [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  const uint pair = at.x, token = at.y;
  const float angle = float(positions[token]) * inv_freq[pair];
  const float cosine = precise::cos(angle) * p.scale, sine = precise::sin(angle) * p.scale * p.direction;
  for (uint head = 0; head < p.heads; ++head) {
    const ulong first = (ulong(token) * p.heads + head) * 2 * p.pairs + pair, second = first + p.pairs;
    const float a = float(x[first]), b = float(x[second]);
    y[first] = T(a * cosine - b * sine);
    y[second] = T(b * cosine + a * sine);
  }
}

KERNELS_OF_FLOATS(rope)
