#include "tensor/quant.h"

#include <cstring>

#include "base/fail.h"
#include "tensor/half.h"

// Every product below is exact in f32 (f16 scale x 6- or 8-bit sub-scale x at most 6-bit quant), so results don't
// depend on the order of the factors nor on fused multiply-add: they equal the reference bit for bit.
namespace temper {
namespace {

using Bytes = const uint8_t*;

float load_f16(Bytes p) {
  f16_t half;
  std::memcpy(&half.bits, p, sizeof half.bits);
  return to_f32(half);
}

float* expand_f32(Bytes block, float* out) {
  std::memcpy(out, block, sizeof *out);
  return out + 1;
}

float* expand_bf16(Bytes block, float* out) {
  bf16_t x;
  std::memcpy(&x.bits, block, sizeof x.bits);
  *out = to_f32(x);
  return out + 1;
}

float* expand_f16(Bytes block, float* out) {
  // Shifted into f32's fields a half is its value x 2^-112, subnormals included; no branch, so that the loop over
  // "blocks" of one element vectorises.
  uint16_t half;
  std::memcpy(&half, block, sizeof half);
  const uint32_t magnitude = half & 0x7fffu;
  const uint32_t finite = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112f);
  const uint32_t infinite_or_nan = magnitude << 13 | 0x7f800000u;
  *out = std::bit_cast<float>((magnitude < 0x7c00u ? finite : infinite_or_nan) | uint32_t{half & 0x8000u} << 16);
  return out + 1;
}

// 32 elements, element j in the low nibble of byte j, element j + 16 in its high nibble.
float* expand_q4_0(Bytes block, float* out) {  // d f16, nibbles[16]
  const float d = load_f16(block);
  const Bytes nibbles = block + 2;
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>((nibbles[j] & 15) - 8);
    out[j + 16] = d * static_cast<float>((nibbles[j] >> 4) - 8);
  }
  return out + 32;
}

float* expand_q4_1(Bytes block, float* out) {  // d f16, m f16, nibbles[16]
  const float d = load_f16(block), m = load_f16(block + 2);
  const Bytes nibbles = block + 4;
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>(nibbles[j] & 15) + m;
    out[j + 16] = d * static_cast<float>(nibbles[j] >> 4) + m;
  }
  return out + 32;
}

struct FiveBits {
  int low, high;  // elements j and j + 16
};

// Bit i of the 32-bit word at `high_bits` is the fifth bit of element i.
FiveBits five_bits(Bytes high_bits, Bytes nibbles, int j) {
  const int low_bit = high_bits[j / 8] >> (j % 8) & 1, high_bit = high_bits[2 + j / 8] >> (j % 8) & 1;
  return {(nibbles[j] & 15) | low_bit << 4, nibbles[j] >> 4 | high_bit << 4};
}

float* expand_q5_0(Bytes block, float* out) {  // d f16, high_bits[4], nibbles[16]
  const float d = load_f16(block);
  for (int j = 0; j < 16; ++j) {
    const FiveBits q = five_bits(block + 2, block + 6, j);
    out[j] = d * static_cast<float>(q.low - 16);
    out[j + 16] = d * static_cast<float>(q.high - 16);
  }
  return out + 32;
}

float* expand_q5_1(Bytes block, float* out) {  // d f16, m f16, high_bits[4], nibbles[16]
  const float d = load_f16(block), m = load_f16(block + 2);
  for (int j = 0; j < 16; ++j) {
    const FiveBits q = five_bits(block + 4, block + 8, j);
    out[j] = d * static_cast<float>(q.low) + m;
    out[j + 16] = d * static_cast<float>(q.high) + m;
  }
  return out + 32;
}

float* expand_q8_0(Bytes block, float* out) {  // d f16, i8[32]
  const float d = load_f16(block);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(static_cast<int8_t>(block[2 + j]));
  return out + 32;
}

// The K formats: 256 elements a block in sub-blocks of 16 or 32, each with its own small scale (and minimum).
// In q2_k and q3_k element e = 128 h + 32 p + l lies in bits 2p, 2p+1 of byte 32 h + l.
float* expand_q2_k(Bytes block, float* out) {  // scales[16], crumbs[64], d f16, dmin f16
  const Bytes scales = block, crumbs = block + 16;
  const float d = load_f16(block + 80), dmin = load_f16(block + 82);
  for (int s = 0; s < 16; ++s) {  // sub-block of 16
    const float scale = d * static_cast<float>(scales[s] & 15), minimum = dmin * static_cast<float>(scales[s] >> 4);
    const Bytes q = crumbs + s / 8 * 32 + s % 2 * 16;
    const int shift = s % 8 / 2 * 2;
    for (int l = 0; l < 16; ++l) out[16 * s + l] = scale * static_cast<float>(q[l] >> shift & 3) - minimum;
  }
  return out + 256;
}

float* expand_q3_k(Bytes block, float* out) {  // high_bits[32], crumbs[64], scales[12], d f16
  const Bytes high_bits = block, crumbs = block + 32, scales = block + 96;
  const float d = load_f16(block + 108);
  for (int s = 0; s < 16; ++s) {  // sub-block of 16; its 6-bit scale is split over a nibble and two bits
    const int nibble = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
    const int top = scales[8 + s % 4] >> (s / 4 * 2) & 3;
    const float scale = d * static_cast<float>((nibble | top << 4) - 32);
    const Bytes q = crumbs + s / 8 * 32 + s % 2 * 16;
    const Bytes high = high_bits + s % 2 * 16;
    const int shift = s % 8 / 2 * 2, high_shift = s / 2;
    for (int l = 0; l < 16; ++l)
      out[16 * s + l] = scale * static_cast<float>((q[l] >> shift & 3) - 4 + (high[l] >> high_shift & 1) * 4);
  }
  return out + 256;
}

struct ScaleAndMinimum {
  float scale, minimum;
};

// The eight 6-bit scales and minima of q4_k and q5_k in 12 bytes: the first four of each in the low six bits of bytes
// 0-3 and 4-7; the others as nibbles of bytes 8-11, with their top two bits above the first four's.
ScaleAndMinimum six_bits(Bytes packed, int s, float d, float dmin) {
  int scale, minimum;
  if (s < 4) {
    scale = packed[s] & 63;
    minimum = packed[s + 4] & 63;
  } else {
    scale = (packed[s + 4] & 15) | packed[s - 4] >> 6 << 4;
    minimum = packed[s + 4] >> 4 | packed[s] >> 6 << 4;
  }
  return {d * static_cast<float>(scale), dmin * static_cast<float>(minimum)};
}

float* expand_q4_k(Bytes block, float* out) {  // d f16, dmin f16, scales[12], nibbles[128]
  const float d = load_f16(block), dmin = load_f16(block + 2);
  for (int s = 0; s < 8; ++s) {  // sub-block of 32: even ones are low nibbles, odd ones the high nibbles of the same
    const ScaleAndMinimum sub = six_bits(block + 4, s, d, dmin);
    const Bytes q = block + 16 + s / 2 * 32;
    const int shift = s % 2 * 4;
    for (int l = 0; l < 32; ++l) out[32 * s + l] = sub.scale * static_cast<float>(q[l] >> shift & 15) - sub.minimum;
  }
  return out + 256;
}

float* expand_q5_k(Bytes block, float* out) {  // d f16, dmin f16, scales[12], high_bits[32], nibbles[128]
  const float d = load_f16(block), dmin = load_f16(block + 2);
  const Bytes high_bits = block + 16;
  for (int s = 0; s < 8; ++s) {  // as q4_k; bit s of high_bits[l] is the fifth bit
    const ScaleAndMinimum sub = six_bits(block + 4, s, d, dmin);
    const Bytes q = block + 48 + s / 2 * 32;
    const int shift = s % 2 * 4;
    for (int l = 0; l < 32; ++l)
      out[32 * s + l] =
          sub.scale * static_cast<float>((q[l] >> shift & 15) | (high_bits[l] >> s & 1) << 4) - sub.minimum;
  }
  return out + 256;
}

float* expand_q6_k(Bytes block, float* out) {  // nibbles[128], crumbs[64], scales i8[16], d f16
  const float d = load_f16(block + 208);
  for (int s = 0; s < 16; ++s) {  // sub-block of 16: half h = s / 8, quarter p of that half, part of 16 in the quarter
    const int h = s / 8, p = s % 8 / 2, part = s % 2 * 16;
    const float scale = d * static_cast<float>(static_cast<int8_t>(block[192 + s]));
    const Bytes low = block + h * 64 + p % 2 * 32 + part;
    const Bytes high = block + 128 + h * 32 + part;
    const int low_shift = p / 2 * 4, high_shift = p * 2;
    for (int l = 0; l < 16; ++l)
      out[16 * s + l] =
          scale * static_cast<float>(((low[l] >> low_shift & 15) | (high[l] >> high_shift & 3) << 4) - 32);
  }
  return out + 256;
}

template <auto Expand, size_t BlockBytes>
void expand_all(std::span<const std::byte> blocks, float* out) {
  const Bytes end = reinterpret_cast<Bytes>(blocks.data()) + blocks.size();
  for (Bytes block = reinterpret_cast<Bytes>(blocks.data()); block != end; block += BlockBytes)
    out = Expand(block, out);
}

}  // namespace

size_t stored_bytes(QuantType type, int64_t elements) {
  const BlockSize block = block_size(type);
  if (elements < 0 || elements % block.elements != 0)
    fail(ErrorCode::format, "{}: {} elements are not a whole number of blocks of {}", name_of(type), elements,
         block.elements);
  size_t bytes;
  if (__builtin_mul_overflow(static_cast<size_t>(elements / block.elements), block.bytes, &bytes))
    fail(ErrorCode::format, "{}: {} elements are more bytes than 64 bits can count", name_of(type), elements);
  return bytes;
}

void dequantize(QuantType type, std::span<const std::byte> blocks, std::span<float> out) {
  if (const size_t expected = stored_bytes(type, static_cast<int64_t>(out.size())); blocks.size() != expected)
    fail(ErrorCode::format, "{}: {} elements take {} bytes, but there are {}", name_of(type), out.size(), expected,
         blocks.size());
  switch (type) {
    case QuantType::f32:
      return expand_all<expand_f32, 4>(blocks, out.data());
    case QuantType::f16:
      return expand_all<expand_f16, 2>(blocks, out.data());
    case QuantType::bf16:
      return expand_all<expand_bf16, 2>(blocks, out.data());
    case QuantType::q4_0:
      return expand_all<expand_q4_0, 18>(blocks, out.data());
    case QuantType::q4_1:
      return expand_all<expand_q4_1, 20>(blocks, out.data());
    case QuantType::q5_0:
      return expand_all<expand_q5_0, 22>(blocks, out.data());
    case QuantType::q5_1:
      return expand_all<expand_q5_1, 24>(blocks, out.data());
    case QuantType::q8_0:
      return expand_all<expand_q8_0, 34>(blocks, out.data());
    case QuantType::q2_k:
      return expand_all<expand_q2_k, 84>(blocks, out.data());
    case QuantType::q3_k:
      return expand_all<expand_q3_k, 110>(blocks, out.data());
    case QuantType::q4_k:
      return expand_all<expand_q4_k, 144>(blocks, out.data());
    case QuantType::q5_k:
      return expand_all<expand_q5_k, 176>(blocks, out.data());
    case QuantType::q6_k:
      return expand_all<expand_q6_k, 210>(blocks, out.data());
  }
  fail(ErrorCode::unsupported, "quantized type {}: not implemented", static_cast<int>(type));
}

}  // namespace temper
