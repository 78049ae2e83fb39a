#include "bench/inputs.h"

#include <cmath>
#include <cstring>
#include <random>

#include "device/transfer.h"
#include "ops/cast.h"
#include "ops/dequantize_weight.h"
#include "tensor/quant.h"

namespace temper::bench {
namespace {

/// Where a block of the type has f16 scales, the positive ones; minima follow 2 bytes later.
struct ScalePlaces {
  size_t first;
  bool has_minimum;
};

ScalePlaces scale_places(QuantType type) {
  switch (type) {
    case QuantType::q2_k:
      return {80, true};
    case QuantType::q3_k:
      return {108, false};
    case QuantType::q6_k:
      return {208, false};
    case QuantType::q4_1:
    case QuantType::q5_1:
    case QuantType::q4_k:
    case QuantType::q5_k:
      return {0, true};
    default:
      return {0, false};
  }
}

void put_half(std::byte* at, float value) {
  const f16_t half = to_f16(value);
  std::memcpy(at, &half.bits, sizeof half.bits);
}

/// Blocks of random bits with small scales.
std::vector<std::byte> random_blocks(QuantType type, int64_t elements, float scale, uint64_t seed) {
  std::vector<std::byte> bytes(stored_bytes(type, elements));
  std::mt19937_64 bits(seed);
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    const uint64_t word = bits();
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
  }
  const ScalePlaces places = scale_places(type);
  for (size_t at = places.first; at < bytes.size(); at += block_size(type).bytes) {
    put_half(bytes.data() + at, scale / 64.0f);
    if (places.has_minimum) put_half(bytes.data() + at + 2, -scale / 16.0f);
  }
  return bytes;
}

}  // namespace

std::vector<float> random_values(int64_t count, uint64_t seed) {
  std::mt19937 bits(static_cast<uint32_t>(seed));
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(static_cast<int32_t>(bits())) * 0x1p-31f;
  return values;
}

Tensor random_tensor(Context& ctx, const Shape& shape, DType dtype, uint64_t seed) {
  return cast(ctx, upload(ctx, random_values(shape.elements(), seed), shape), dtype);
}

WeightHandle random_weight(Context& ctx, int64_t rows, int64_t columns, QuantType type, uint64_t seed) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(columns));
  auto bytes = std::make_shared<std::vector<std::byte>>();
  if (is_block_quantized(type)) {
    *bytes = random_blocks(type, rows * columns, scale, seed);
    return ctx.backend().prepare_weight(
        {.name = "weight", .type = type, .rows = rows, .columns = columns, .bytes = *bytes, .owner = bytes},
        std::nullopt);
  }
  std::vector<float> values = random_values(rows * columns, seed);
  for (float& value : values) value *= scale;
  const auto as_bytes = std::as_bytes(std::span(values));
  bytes->assign(as_bytes.begin(), as_bytes.end());
  const DType dense = type == QuantType::f32 ? DType::f32 : type == QuantType::f16 ? DType::f16 : DType::bf16;
  return ctx.backend().prepare_weight(
      {.name = "weight", .type = QuantType::f32, .rows = rows, .columns = columns, .bytes = *bytes, .owner = bytes},
      dense);
}

std::vector<float> values_of(Context& ctx, const Tensor& tensor) {
  return read<float>(ctx, cast(ctx, tensor, DType::f32));
}

std::vector<float> values_of(Context& ctx, const WeightHandle& weight) {
  return read<float>(ctx, dequantize_weight(ctx, weight, DType::f32));
}

}  // namespace temper::bench
