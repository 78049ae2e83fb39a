#pragma once

#include <Metal/Metal.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "device/metal/retained.h"

namespace temper::metal {

/// The GPU, its one command queue (making one costs about 300 us) and its limits. Thread-safe.
class Gpu {
 public:
  /// Throws Error{unsupported} naming what is missing: no Metal device, or one without unified memory.
  static std::shared_ptr<Gpu> open(int index);

  MTL::Device& device() const { return *device_; }
  MTL::CommandQueue& queue() const { return *queue_; }
  std::string name() const;
  /// No Apple GPU: metalhost runs the work on the CPU and checks it.
  static bool is_emulated();
  /// No single MTLBuffer may be larger.
  size_t max_buffer_bytes() const { return max_buffer_bytes_; }
  static size_t page_bytes();

  /// Labels are what Instruments, captures and metalhost's reports show.
  /// Memory that CPU and GPU share. Null when there is none left or `bytes` passes max_buffer_bytes().
  Retained<MTL::Buffer> new_buffer(size_t bytes, std::string_view label);
  /// A buffer over caller memory, without a copy; `memory` must consist of whole pages and be mapped. `owner` is kept
  /// until the GPU and all holders are done with it. Null when the device refuses.
  Retained<MTL::Buffer> wrap(std::span<std::byte> memory, std::shared_ptr<const void> owner, std::string_view label);
  /// Says that work may touch the buffer, so that the system keeps it resident (macOS 15; nothing before). Every buffer
  /// that is kept must be dropped before its last reference goes.
  void keep_resident(MTL::Buffer& buffer);
  void drop_resident(MTL::Buffer& buffer);

 private:
  Gpu() = default;
  Retained<MTL::Device> device_;
  Retained<MTL::CommandQueue> queue_;
  size_t max_buffer_bytes_ = 0;
  std::mutex residency_mutex_;  // MTLResidencySet isn't thread-safe
  Retained<MTL::ResidencySet> residency_;
};

}  // namespace temper::metal
