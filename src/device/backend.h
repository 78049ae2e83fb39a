#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "device/kernel_table.h"
#include "device/prepared_weight.h"
#include "device/stream.h"

namespace temper {

/// What multiplies matrices on a GPU: the platform's library where it takes the operands, or our own kernels.
enum class GemmChoice : uint8_t { automatic, mps, own };

struct BackendOptions {
  int threads = 0;                          ///< CPU threads; 0 means one a core
  GemmChoice gemm = GemmChoice::automatic;  ///< Metal only; what MPS can't multiply, our kernels always do
  /// Metal only: the folder that keeps compiled kernels for later processes; empty: none does. By default that of the
  /// user's caches, and none on an emulated device.
  std::optional<std::string> kernel_archive = {};
};

/// Where an op runs on a backend under construction.
struct OpPlacement {
  std::string op;
  std::string types;  ///< element types that the device itself runs; empty: the CPU runs the op for it
};

/// One device: its kernels, streams and weights. Shared by all contexts on it; safe to use from several threads.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// For `temper info`: "CPU, 2 threads, AVX2".
  virtual std::string description() const = 0;
  /// Stands in for hardware that isn't here: what it computes says nothing about that hardware.
  virtual bool is_emulated() const { return false; }
  virtual const KernelTable& kernels() const = 0;
  /// Every op with its place, on a backend that leaves some to the CPU; empty on a complete one.
  virtual std::vector<OpPlacement> placement() const { return {}; }
  virtual std::unique_ptr<Stream> new_stream(const StreamOptions& options) = 0;
  /// Caller memory as a buffer of the device, without a copy. It belongs to the device from now on: nobody else may
  /// write it; `owner` keeps it alive. Throws Error{out_of_memory} when the device can't take it.
  virtual std::shared_ptr<Buffer> import_memory(std::span<const std::byte> bytes,
                                                std::shared_ptr<const void> owner) = 0;
  /// Dense (`dense` given: converted to that type unless already stored so) or with its stored blocks kept.
  /// Throws Error{format} when the bytes don't match the shape.
  virtual WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense) = 0;
  /// What `--dtype auto` means on this device.
  virtual DType preferred_compute_dtype() const = 0;
};

/// The device types this build has, in the order `--device auto` prefers them; an emulated one comes last.
std::vector<DeviceType> available_devices();
/// Throws Error{unsupported} naming what is missing.
std::shared_ptr<Backend> open_backend(Device device, const BackendOptions& options = {});

}  // namespace temper
