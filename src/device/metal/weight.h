#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "device/backend.h"
#include "device/metal/memory.h"

namespace temper::metal {

/// A weight that the GPU and the CPU see in the same memory, row after row: mapped file pages where the type is right,
/// else converted at load.
class MetalWeight final : public PreparedWeight {
 public:
  MetalWeight(const WeightHandle& on_cpu, Device device, std::shared_ptr<Buffer> buffer)
      : PreparedWeight(on_cpu->name(), device, on_cpu->type(), on_cpu->rows(), on_cpu->columns()),
        on_cpu_(on_cpu),
        buffer_(std::move(buffer)) {}

  size_t bytes() const override { return on_cpu_->bytes(); }
  /// The same memory as the CPU backend's weight, for the ops that the placement table gives to the CPU.
  const WeightHandle& on_cpu() const { return on_cpu_; }
  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }

 private:
  WeightHandle on_cpu_;
  std::shared_ptr<Buffer> buffer_;
};

WeightHandle prepare_weight(const std::shared_ptr<Gpu>& gpu, Backend& cpu, ThreadPool& threads,
                            const WeightSource& source, std::optional<DType> dense, Device device);

/// The weight of an op's attributes; throws Error{device_mismatch} for a weight of another device.
const MetalWeight& metal_weight(const WeightHandle& weight);

/// The weight as an operand [rows, columns]; undefined unless it is dense.
Operand weight_operand(const WeightHandle& weight);

/// Rows of a weight as they are stored: dense elements, or blocks.
struct WeightRows {
  Operand operand;  ///< [rows, columns] of elements, or of bytes for blocks
  QuantType type = QuantType::f32;
  int64_t rows = 0;
  int64_t columns = 0;

  /// From row to row, in elements or bytes.
  int64_t row_stride() const { return operand.dim(1); }
  WeightRows part(int64_t begin, int64_t end) const;
};
WeightRows weight_rows(const WeightHandle& weight);

}  // namespace temper::metal
