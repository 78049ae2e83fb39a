#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace temper {

/// Element type of a Tensor. f64 exists on the CPU for references and finite differences only.
enum class DType : uint8_t { f32, f16, bf16, f64, i32, i64, u8, boolean };

/// How a weight's bytes are stored: the GGUF block types beside plain elements. Values equal GGUF's ggml_type.
enum class QuantType : uint8_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30,
};

constexpr size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
      return 2;
    case DType::u8:
    case DType::boolean:
      return 1;
  }
  return 0;
}

constexpr bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f64;
}

/// "f32", "bf16", ... and back; nullopt for a name that isn't one.
std::string_view name_of(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);

/// "Q4_1", "F16", ...: GGUF's spelling.
std::string_view name_of(QuantType type);
constexpr bool is_block_quantized(QuantType type) {
  return type != QuantType::f32 && type != QuantType::f16 && type != QuantType::bf16;
}

/// Elements and bytes of one block: {1, 4} for f32, {32, 20} for q4_1, {256, 210} for q6_k.
struct BlockSize {
  int64_t elements;
  size_t bytes;
};
BlockSize block_size(QuantType type);

}  // namespace temper
