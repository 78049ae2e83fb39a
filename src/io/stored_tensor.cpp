#include "io/stored_tensor.h"

#include <cstring>

#include "base/fail.h"
#include "tensor/quant.h"

namespace temper::io {
namespace {

template <class T>
void widen_elements(std::span<const std::byte> bytes, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    T element;
    std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<float>(element);
  }
}

void widen(const StoredTensor& tensor, DType dtype, std::span<float> out) {
  switch (dtype) {
    case DType::f32:
      return dequantize(QuantType::f32, tensor.bytes, out);
    case DType::f16:
      return dequantize(QuantType::f16, tensor.bytes, out);
    case DType::bf16:
      return dequantize(QuantType::bf16, tensor.bytes, out);
    case DType::f64:
      return widen_elements<double>(tensor.bytes, out);
    case DType::i32:
      return widen_elements<int32_t>(tensor.bytes, out);
    case DType::i64:
      return widen_elements<int64_t>(tensor.bytes, out);
    case DType::u8:
    case DType::boolean:
      return widen_elements<uint8_t>(tensor.bytes, out);
  }
  fail(ErrorCode::internal, "tensor '{}': dtype {} has no conversion to f32", tensor.name, static_cast<int>(dtype));
}

}  // namespace

int64_t StoredTensor::element_count() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

std::string_view name_of(const StoredType& type) {
  return std::visit([](auto t) { return temper::name_of(t); }, type);
}

void to_f32(const StoredTensor& tensor, std::span<float> out) {
  if (static_cast<int64_t>(out.size()) != tensor.element_count())
    fail(ErrorCode::shape_mismatch, "tensor '{}': {} elements don't fit a buffer of {}", tensor.name,
         tensor.element_count(), out.size());
  if (const auto* quantized = std::get_if<QuantType>(&tensor.type)) return dequantize(*quantized, tensor.bytes, out);
  const DType dtype = std::get<DType>(tensor.type);
  if (tensor.bytes.size() != out.size() * size_of(dtype))
    fail(ErrorCode::format, "tensor '{}': {} elements of {} take {} bytes, but there are {}", tensor.name, out.size(),
         temper::name_of(dtype), out.size() * size_of(dtype), tensor.bytes.size());
  widen(tensor, dtype, out);
}

std::vector<float> to_f32(const StoredTensor& tensor) {
  std::vector<float> out(static_cast<size_t>(tensor.element_count()));
  to_f32(tensor, out);
  return out;
}

}  // namespace temper::io
