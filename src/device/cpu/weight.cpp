#include "device/cpu/weight.h"

#include <new>
#include <vector>

#include "base/fail.h"
#include "device/cpu/block_panels.h"
#include "device/cpu/block_rows.h"
#include "device/weight_conversion.h"
#include "tensor/quant.h"

namespace temper::cpu {
namespace {

std::shared_ptr<std::byte> cache_line_memory(size_t bytes) {
  constexpr std::align_val_t kCacheLine{64};
  return {static_cast<std::byte*>(::operator new(bytes, kCacheLine)),
          [](std::byte* memory) { ::operator delete(memory, kCacheLine); }};
}

}  // namespace

void CpuWeight::rows_to_f32(int64_t begin, int64_t end, float* out) const {
  const auto first = static_cast<size_t>(begin) * row_bytes(), count = static_cast<size_t>(end - begin);
  if (is_block_quantized(type())) return expand_blocks(type(), data_.data() + first, (end - begin) * columns(), out);
  dequantize(type(), data_.subspan(first, count * row_bytes()), {out, count * static_cast<size_t>(columns())});
}

const std::byte* CpuWeight::panels(ThreadPool& threads) const {
  std::call_once(packed_, [&] {
    panels_ = cache_line_memory(panel_bytes(rows(), row_bytes()));
    const int64_t count = (rows() + kPanelRows - 1) / kPanelRows;
    parallel_for(threads, count, 1, [&](int64_t begin, int64_t end) {
      pack_panels(type(), data_.data(), rows(), columns(), begin, end, panels_.get());
    });
  });
  return panels_.get();
}

WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense, Device device,
                            ThreadPool& threads) {
  const QuantType target = target_type(source, dense);
  const bool aligned = reinterpret_cast<uintptr_t>(source.bytes.data()) % 4 == 0;
  if (target == source.type && aligned && source.owner)
    return std::make_shared<CpuWeight>(source, device, target, source.bytes, source.owner);

  auto owned = std::make_shared<std::vector<std::byte>>();
  if (target == source.type) {
    owned->assign(source.bytes.begin(), source.bytes.end());
  } else {
    owned->resize(dense_bytes(source, target));
    convert_weight(source, target, *owned, threads);
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
