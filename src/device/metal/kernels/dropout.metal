// Dropout by counter-based random numbers: a thread draws one Philox block for its four elements, so the mask is the
// same on every backend and whenever it is computed again. Source: Srivastava et al. 2014. Work and memory O(n).
// The mask is exact; a kept element is rounded once.
#include "kernels/shared/philox.metal"
#include "parameters/dropout.h"

template <class T>
kernel void dropout(device const T* x [[buffer(0)]], device const long* rng [[buffer(1)]], device T* y [[buffer(2)]],
                    constant DropoutParameters& p [[buffer(3)]], uint thread_index [[thread_position_in_grid]]) {
  const uint4 bits = random_bits(rng, p.site, thread_index);
  for (uint k = 0; k < kPerThread; ++k) {
    const uint i = thread_index * kPerThread + k;
    if (i < p.count) y[i] = uniform01(bits[k]) >= p.p ? T(float(x[i]) * p.scale) : T(0.0f);
  }
}

KERNELS_OF_FLOATS(dropout)
