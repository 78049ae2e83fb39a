#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "temper/device.h"

namespace temper {

/// Memory of one device. Backends derive from it; the destructor gives the memory back to its pool or owner.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
};

/// Bytes on a device, shared by the tensors that view them. The version counts writes by `name_` ops, so that backward
/// can tell that something it saved has changed since, and streams that the memory is a state's.
class Buffer {
 public:
  Buffer(Device device, size_t bytes, std::unique_ptr<DeviceMemory> memory)
      : device_(device), bytes_(bytes), memory_(std::move(memory)) {}

  Device device() const { return device_; }
  size_t bytes() const { return bytes_; }
  DeviceMemory& memory() const { return *memory_; }
  uint64_t version() const { return version_; }
  void bump_version() { ++version_; }

 private:
  Device device_;
  size_t bytes_;
  std::unique_ptr<DeviceMemory> memory_;
  uint64_t version_ = 0;
};

}  // namespace temper
