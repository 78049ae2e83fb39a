#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "device/cpu/backend.h"
#include "device/metal/pipelines.h"
#include "device/metal/placement.h"
#include "device/metal/stream.h"
#include "device/metal/weight.h"

namespace temper::metal {
namespace {

class MetalBackend final : public Backend {
 public:
  MetalBackend(Device device, const BackendOptions& options)
      : device_(device),
        gpu_(Gpu::open(device.index)),
        threads_(options.threads > 0 ? options.threads
                                     : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        cpu_(cpu::make_backend({DeviceType::cpu, 0}, options)),
        pipelines_(std::make_shared<Pipelines>(
            gpu_, options.kernel_archive ? std::filesystem::path(*options.kernel_archive) : default_archive_folder())),
        gemm_(options.gemm),
        placement_(cpu_->kernels()) {
    place_all(placement_);
  }

  Device device() const override { return device_; }
  std::string description() const override {
    return fmt::format("{}{}, buffers up to {:.1f} GiB", gpu_->name(),
                       Gpu::is_emulated() ? " (emulated on the CPU by metalhost: for tests, slow)" : "",
                       static_cast<double>(gpu_->max_buffer_bytes()) / (1 << 30));
  }
  bool is_emulated() const override { return Gpu::is_emulated(); }
  const KernelTable& kernels() const override { return placement_.table(); }
  std::vector<OpPlacement> placement() const override { return placement_.rows(); }
  std::unique_ptr<Stream> new_stream(const StreamOptions& options) override {
    return make_stream(device_, gpu_, pipelines_, cpu_, gemm_, options);
  }
  std::shared_ptr<Buffer> import_memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) override {
    auto buffer = metal::import_memory(gpu_, device_, bytes, std::move(owner));
    if (!buffer)
      fail(ErrorCode::out_of_memory, "metal: can't take over {} bytes of memory; the largest buffer has {}",
           bytes.size(), gpu_->max_buffer_bytes());
    return buffer;
  }
  WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense) override {
    return metal::prepare_weight(gpu_, *cpu_, threads_, source, dense, device_);
  }
  DType preferred_compute_dtype() const override { return DType::f32; }

 private:
  Device device_;
  std::shared_ptr<Gpu> gpu_;
  ThreadPool threads_;
  std::shared_ptr<Backend> cpu_;
  std::shared_ptr<Pipelines> pipelines_;
  GemmChoice gemm_;
  Placement placement_;
};

}  // namespace

std::shared_ptr<Backend> make_backend(Device device, const BackendOptions& options) {
  return std::make_shared<MetalBackend>(device, options);
}

}  // namespace temper::metal
