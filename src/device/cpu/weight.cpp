#include "device/cpu/weight.h"

#include <vector>

#include "base/fail.h"
#include "tensor/half.h"
#include "tensor/quant.h"

namespace temper::cpu {
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
void convert_rows(const WeightSource& source, std::vector<std::byte>& out, ThreadPool& threads) {
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

void CpuWeight::rows_to_f32(int64_t begin, int64_t end, float* out) const {
  const auto first = static_cast<size_t>(begin) * row_bytes(), count = static_cast<size_t>(end - begin);
  dequantize(type(), data_.subspan(first, count * row_bytes()), {out, count * static_cast<size_t>(columns())});
}

WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense, Device device,
                            ThreadPool& threads) {
  const BlockSize block = block_size(source.type);
  if (source.rows < 1 || source.columns < 1 || source.columns % block.elements != 0 ||
      source.bytes.size() !=
          static_cast<size_t>(source.rows) * static_cast<size_t>(source.columns / block.elements) * block.bytes)
    fail(ErrorCode::format, "weight '{}': {} bytes of {} do not make [{},{}]", source.name, source.bytes.size(),
         name_of(source.type), source.rows, source.columns);
  const QuantType target = dense ? stored_type(*dense) : source.type;
  const bool aligned = reinterpret_cast<uintptr_t>(source.bytes.data()) % 4 == 0;
  if (target == source.type && aligned && source.owner)
    return std::make_shared<CpuWeight>(source, device, target, source.bytes, source.owner);

  auto owned = std::make_shared<std::vector<std::byte>>();
  if (target == source.type) {
    owned->assign(source.bytes.begin(), source.bytes.end());
  } else {
    owned->resize(static_cast<size_t>(source.rows * source.columns) * block_size(target).bytes);
    if (target == QuantType::f32) convert_rows<float>(source, *owned, threads);
    if (target == QuantType::f16) convert_rows<f16_t>(source, *owned, threads);
    if (target == QuantType::bf16) convert_rows<bf16_t>(source, *owned, threads);
  }
  const std::span<const std::byte> data = *owned;
  return std::make_shared<CpuWeight>(source, device, target, data, std::move(owned));
}

std::shared_ptr<const CpuWeight> cpu_weight(const WeightHandle& weight) {
  if (weight->device().type != DeviceType::cpu)
    fail(ErrorCode::device_mismatch, "weight '{}' is on {}, the op runs on the CPU", weight->name(),
         to_string(weight->device()));
  return std::static_pointer_cast<const CpuWeight>(weight);
}

}  // namespace temper::cpu
