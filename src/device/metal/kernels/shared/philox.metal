// Random numbers by counter, the same as on every backend. Source: Salmon et al. 2011, Philox4x32-10.
#ifndef TEMPER_KERNELS_PHILOX
#define TEMPER_KERNELS_PHILOX
#include "kernels/shared/types.metal"

inline uint4 philox(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; ++round) {
    const uint high0 = mulhi(0xD2511F53u, counter.x), low0 = 0xD2511F53u * counter.x;
    const uint high1 = mulhi(0xCD9E8D57u, counter.z), low1 = 0xCD9E8D57u * counter.z;
    counter = uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
    key += uint2(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// Four draws, for elements 4 block to 4 block + 3 of (seed, step, site); rng holds {seed, step}.
inline uint4 random_bits(device const long* rng, uint site, uint block) {
  const ulong seed = ulong(rng[0]);
  return philox(uint4(block, 0u, uint(rng[1]), site), uint2(uint(seed), uint(seed >> 32)));
}

// In [0, 1), with 24 bits.
inline float uniform01(uint bits) { return float(bits >> 8) * 0x1p-24f; }
#endif
