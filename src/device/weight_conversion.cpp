#include "device/weight_conversion.h"

#include <algorithm>
#include <vector>

#include "base/fail.h"
#include "tensor/half.h"
#include "tensor/quant.h"

namespace temper {
namespace {

QuantType stored_type(DType dense) {
  switch (dense) {
    case DType::f32:
      return QuantType::f32;
    case DType::f16:
      return QuantType::f16;
    case DType::bf16:
      return QuantType::bf16;
    default:
      fail(ErrorCode::dtype_mismatch, "prepare_weight: a weight can't be {}", name_of(dense));
  }
}

template <class T>
void convert_rows(const WeightSource& source, std::span<std::byte> out, ThreadPool& threads) {
  const size_t row_bytes = source.bytes.size() / static_cast<size_t>(source.rows);
  const auto columns = static_cast<size_t>(source.columns);
  parallel_for(threads, source.rows, std::max<int64_t>(1, 65536 / source.columns), [&](int64_t begin, int64_t end) {
    std::vector<float> row(columns);
    for (auto r = static_cast<size_t>(begin); r < static_cast<size_t>(end); ++r) {
      dequantize(source.type, source.bytes.subspan(r * row_bytes, row_bytes), row);
      T* to = reinterpret_cast<T*>(out.data()) + r * columns;
      for (size_t c = 0; c < columns; ++c) to[c] = from_f32<T>(row[c]);
    }
  });
}

}  // namespace

QuantType target_type(const WeightSource& source, std::optional<DType> dense) {
  const BlockSize block = block_size(source.type);
  if (source.rows < 1 || source.columns < 1 || source.columns % block.elements != 0 ||
      source.bytes.size() !=
          static_cast<size_t>(source.rows) * static_cast<size_t>(source.columns / block.elements) * block.bytes)
    fail(ErrorCode::format, "weight '{}': {} bytes of {} do not make [{},{}]", source.name, source.bytes.size(),
         name_of(source.type), source.rows, source.columns);
  return dense ? stored_type(*dense) : source.type;
}

size_t dense_bytes(const WeightSource& source, QuantType type) {
  return static_cast<size_t>(source.rows * source.columns) * block_size(type).bytes;
}

void convert_weight(const WeightSource& source, QuantType type, std::span<std::byte> out, ThreadPool& threads) {
  TEMPER_ASSERT(out.size() == dense_bytes(source, type));
  if (type == QuantType::f32) convert_rows<float>(source, out, threads);
  if (type == QuantType::f16) convert_rows<f16_t>(source, out, threads);
  if (type == QuantType::bf16) convert_rows<bf16_t>(source, out, threads);
}

}  // namespace temper
