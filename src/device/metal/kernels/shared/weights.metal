// Rows of a weight in the types that files store: dense elements, or blocks of the GGUF formats. Facts of the block
// layouts: tensor/quant.cpp, where each is described. In all of them 16 consecutive elements share a scale, so kernels
// take a row by runs of 16.
#ifndef TEMPER_KERNELS_WEIGHTS
#define TEMPER_KERNELS_WEIGHTS
#include "kernels/shared/stored.metal"

// Of stored_type.h, after the dense ones. Blocks begin at multiples of 2 bytes.
constant constexpr int kStoredQ4_0 = 3;
constant constexpr int kStoredQ4_1 = 4;
constant constexpr int kStoredQ5_0 = 5;
constant constexpr int kStoredQ5_1 = 6;
constant constexpr int kStoredQ8_0 = 7;
constant constexpr int kStoredQ2_K = 8;
constant constexpr int kStoredQ3_K = 9;
constant constexpr int kStoredQ4_K = 10;
constant constexpr int kStoredQ5_K = 11;
constant constexpr int kStoredQ6_K = 12;

constexpr bool is_blocks(int type) {
  return type > kStoredBf16;
}

constant constexpr uint kRun = 16;
struct WeightRun {
  float values[16];
};

inline float half_at(device const uchar* p) {
  return float(*(device const half*)p);
}

// 32 elements: d f16, nibbles[16]; element j in the low nibble of byte j, element j + 16 in its high nibble.
inline WeightRun q4_0_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 2 * 18;
  const float d = half_at(block);
  const uint shift = run % 2 * 4;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j) out.values[j] = d * float(int(block[2 + j] >> shift & 15) - 8);
  return out;
}

// d f16, m f16, nibbles[16].
inline WeightRun q4_1_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 2 * 20;
  const float d = half_at(block), m = half_at(block + 2);
  const uint shift = run % 2 * 4;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j) out.values[j] = d * float(block[4 + j] >> shift & 15) + m;
  return out;
}

// Fifth bits of 16 elements at `high`, then their nibbles.
inline int five_bits(device const uchar* high, uchar nibbles, uint shift, uint j) {
  return int(nibbles >> shift & 15) | int(high[j / 8] >> (j % 8) & 1) << 4;
}

// d f16, high bits[4], nibbles[16].
inline WeightRun q5_0_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 2 * 22;
  const float d = half_at(block);
  WeightRun out;
  for (uint j = 0; j < kRun; ++j)
    out.values[j] = d * float(five_bits(block + 2 + run % 2 * 2, block[6 + j], run % 2 * 4, j) - 16);
  return out;
}

// d f16, m f16, high bits[4], nibbles[16].
inline WeightRun q5_1_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 2 * 24;
  const float d = half_at(block), m = half_at(block + 2);
  WeightRun out;
  for (uint j = 0; j < kRun; ++j)
    out.values[j] = d * float(five_bits(block + 4 + run % 2 * 2, block[8 + j], run % 2 * 4, j)) + m;
  return out;
}

// d f16, i8[32].
inline WeightRun q8_0_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 2 * 34;
  const float d = half_at(block);
  WeightRun out;
  for (uint j = 0; j < kRun; ++j) out.values[j] = d * float(((device const char*)(block + 2))[run % 2 * kRun + j]);
  return out;
}

// 256 elements: scales[16], crumbs[64], d f16, dmin f16.
inline WeightRun q2_k_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 16 * 84;
  const uint s = run % 16, shift = s % 8 / 2 * 2;
  const float scale = half_at(block + 80) * float(block[s] & 15);
  const float minimum = half_at(block + 82) * float(block[s] >> 4);
  device const uchar* q = block + 16 + s / 8 * 32 + s % 2 * 16;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j) out.values[j] = scale * float(q[j] >> shift & 3) - minimum;
  return out;
}

// high bits[32], crumbs[64], scales[12], d f16.
inline WeightRun q3_k_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 16 * 110;
  const uint s = run % 16, shift = s % 8 / 2 * 2;
  device const uchar* scales = block + 96;
  const int nibble = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
  const int top = scales[8 + s % 4] >> (s / 4 * 2) & 3;
  const float scale = half_at(block + 108) * float((nibble | top << 4) - 32);
  device const uchar* q = block + 32 + s / 8 * 32 + s % 2 * 16;
  device const uchar* high = block + s % 2 * 16;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j)
    out.values[j] = scale * float(int(q[j] >> shift & 3) - 4 + int(high[j] >> (s / 2) & 1) * 4);
  return out;
}

// The scale and the minimum of sub-block s of 32 elements of q4_k and q5_k, six bits each.
inline int2 six_bits(device const uchar* packed, uint s) {
  if (s < 4) return int2(packed[s] & 63, packed[s + 4] & 63);
  return int2((packed[s + 4] & 15) | packed[s - 4] >> 6 << 4, packed[s + 4] >> 4 | packed[s] >> 6 << 4);
}

// d f16, dmin f16, scales[12], nibbles[128].
inline WeightRun q4_k_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 16 * 144;
  const uint s = run % 16 / 2, shift = s % 2 * 4;
  const int2 six = six_bits(block + 4, s);
  const float scale = half_at(block) * float(six.x), minimum = half_at(block + 2) * float(six.y);
  device const uchar* q = block + 16 + s / 2 * 32 + run % 2 * kRun;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j) out.values[j] = scale * float(q[j] >> shift & 15) - minimum;
  return out;
}

// d f16, dmin f16, scales[12], high bits[32], nibbles[128].
inline WeightRun q5_k_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 16 * 176;
  const uint s = run % 16 / 2, shift = s % 2 * 4;
  const int2 six = six_bits(block + 4, s);
  const float scale = half_at(block) * float(six.x), minimum = half_at(block + 2) * float(six.y);
  device const uchar* high = block + 16 + run % 2 * kRun;
  device const uchar* q = block + 48 + s / 2 * 32 + run % 2 * kRun;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j)
    out.values[j] = scale * float(int(q[j] >> shift & 15) | int(high[j] >> s & 1) << 4) - minimum;
  return out;
}

// nibbles[128], crumbs[64], scales i8[16], d f16.
inline WeightRun q6_k_run(device const uchar* row, uint run) {
  device const uchar* block = row + run / 16 * 210;
  const uint s = run % 16, half_block = s / 8, quarter = s % 8 / 2, part = s % 2 * 16;
  const float scale = half_at(block + 208) * float(((device const char*)(block + 192))[s]);
  device const uchar* low = block + half_block * 64 + quarter % 2 * 32 + part;
  device const uchar* high = block + 128 + half_block * 32 + part;
  const uint low_shift = quarter / 2 * 4, high_shift = quarter * 2;
  WeightRun out;
  for (uint j = 0; j < kRun; ++j)
    out.values[j] = scale * float((int(low[j] >> low_shift & 15) | int(high[j] >> high_shift & 3) << 4) - 32);
  return out;
}

// Elements 16 run to 16 run + 15 of a row; zeros from `columns` on, which a row of blocks has none of.
inline WeightRun weight_run(device const uchar* row, uint run, uint columns, int type) {
  if (type == kStoredQ4_0) return q4_0_run(row, run);
  if (type == kStoredQ4_1) return q4_1_run(row, run);
  if (type == kStoredQ5_0) return q5_0_run(row, run);
  if (type == kStoredQ5_1) return q5_1_run(row, run);
  if (type == kStoredQ8_0) return q8_0_run(row, run);
  if (type == kStoredQ2_K) return q2_k_run(row, run);
  if (type == kStoredQ3_K) return q3_k_run(row, run);
  if (type == kStoredQ4_K) return q4_k_run(row, run);
  if (type == kStoredQ5_K) return q5_k_run(row, run);
  if (type == kStoredQ6_K) return q6_k_run(row, run);
  WeightRun out;
  for (uint j = 0; j < kRun; ++j) {
    const uint at = run * kRun + j;
    out.values[j] = at < columns ? stored(row, long(at), type) : 0.0f;
  }
  return out;
}
#endif
