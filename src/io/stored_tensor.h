#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "temper/dtype.h"

namespace temper::io {

/// Plain elements are a DType, block-quantized ones a QuantType. Readers never produce QuantType::f32, f16 or bf16.
using StoredType = std::variant<DType, QuantType>;

/// A tensor as it lies in a file: usually a view of the mapped file, which `owner` keeps alive.
struct StoredTensor {
  std::string name;
  std::vector<int64_t> shape;        ///< row-major, outermost first; empty for a scalar
  StoredType type = DType::f32;      ///< rows (the last axis) of quantized tensors hold whole blocks
  std::span<const std::byte> bytes;  ///< little-endian; may be unaligned (safetensors promises nothing)
  std::shared_ptr<const void> owner;
  bool mapped = false;  ///< `bytes` are pages of a mapped file

  int64_t element_count() const;
};

/// "f32", "bf16", "Q4_1", ...
std::string_view name_of(const StoredType& type);

/// Expands to f32: floating types, i32/i64/u8/bool as numbers, and quantized blocks. `out.size()` must be the element
/// count (Error{shape_mismatch} otherwise).
void to_f32(const StoredTensor& tensor, std::span<float> out);
std::vector<float> to_f32(const StoredTensor& tensor);

}  // namespace temper::io
