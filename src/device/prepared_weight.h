#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "temper/dtype.h"
#include "temper/tensor.h"

namespace temper {

/// A frozen weight matrix [rows, columns] as a file stores it.
struct WeightSource {
  std::string name;
  QuantType type = QuantType::f32;
  int64_t rows = 0;
  int64_t columns = 0;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< keeps `bytes` alive (a mapped file, a vector)
  bool mapped = false;                ///< `bytes` are pages of a mapped file, which nobody writes
};

/// A frozen weight [rows, columns] as a backend wants it: dense or quantized, laid out or packed for its kernels.
/// Immutable, shared between threads; no gradient of it exists.
class PreparedWeight {
 public:
  PreparedWeight(std::string name, Device device, QuantType type, int64_t rows, int64_t columns)
      : name_(std::move(name)), device_(device), type_(type), rows_(rows), columns_(columns) {}
  virtual ~PreparedWeight() = default;

  const std::string& name() const { return name_; }
  Device device() const { return device_; }
  QuantType type() const { return type_; }
  int64_t rows() const { return rows_; }        ///< out features, or vocabulary
  int64_t columns() const { return columns_; }  ///< in features, or hidden size
  /// Bytes held in memory, mapped pages included.
  virtual size_t bytes() const = 0;

 private:
  std::string name_;
  Device device_;
  QuantType type_;
  int64_t rows_, columns_;
};

using WeightHandle = std::shared_ptr<const PreparedWeight>;

}  // namespace temper
