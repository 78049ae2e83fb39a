#pragma once

#include <memory>
#include <mutex>

#include "base/thread_pool.h"
#include "device/prepared_weight.h"

namespace temper::cpu {

/// A weight in host memory, row after row: dense f32/f16/bf16, or GGUF blocks as stored.
class CpuWeight final : public PreparedWeight {
 public:
  CpuWeight(const WeightSource& source, Device device, QuantType type, std::span<const std::byte> data,
            std::shared_ptr<const void> owner)
      : PreparedWeight(source.name, device, type, source.rows, source.columns), data_(data), owner_(std::move(owner)) {}

  size_t bytes() const override { return data_.size(); }
  std::span<const std::byte> data() const { return data_; }
  size_t row_bytes() const { return rows() == 0 ? 0 : data_.size() / static_cast<size_t>(rows()); }
  /// Rows [begin, end) as f32 into `out` [end - begin, columns].
  void rows_to_f32(int64_t begin, int64_t end, float* out) const;
  /// The rows of a block type as dot_panels() wants them: a copy, made by the first call and kept.
  const std::byte* panels(ThreadPool& threads) const;
  /// The weight's own memory when it is dense f32, else null.
  const float* f32() const { return type() == QuantType::f32 ? reinterpret_cast<const float*>(data_.data()) : nullptr; }

 private:
  std::span<const std::byte> data_;
  std::shared_ptr<const void> owner_;
  mutable std::once_flag packed_;
  mutable std::shared_ptr<std::byte> panels_;
};

WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense, Device device, ThreadPool& threads);

/// The weight of an op's attributes; throws Error{device_mismatch} for a weight of another device.
std::shared_ptr<const CpuWeight> cpu_weight(const WeightHandle& weight);

}  // namespace temper::cpu
