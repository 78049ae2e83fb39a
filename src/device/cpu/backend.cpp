#include "device/cpu/backend.h"
#include "device/cpu/bf16_product.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/thread_pool.h"
#include "device/cpu/features.h"
#include "device/cpu/memory.h"
#include "device/cpu/stream.h"
#include "device/cpu/weight.h"

namespace temper::cpu {

void register_all_kernels(KernelTable& table);  // generated

namespace {

class CpuBackend final : public Backend {
 public:
  CpuBackend(Device device, const BackendOptions& options)
      : device_(device),
        threads_(std::make_shared<ThreadPool>(
            options.threads > 0 ? options.threads
                                : std::max(1, static_cast<int>(std::thread::hardware_concurrency())))) {
    register_all_kernels(kernels_);
  }

  Device device() const override { return device_; }
  std::string description() const override {
    return fmt::format("CPU, {} thread{}, {}", threads_->threads(), threads_->threads() == 1 ? "" : "s",
                       instruction_sets());
  }
  const KernelTable& kernels() const override { return kernels_; }
  std::unique_ptr<Stream> new_stream(const StreamOptions& options) override {
    return options.deferred ? make_deferred_stream(device_, threads_, options)
                            : make_immediate_stream(device_, threads_);
  }
  std::shared_ptr<Buffer> import_memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) override {
    return std::make_shared<Buffer>(device_, bytes.size(), std::make_unique<PooledMemory>(bytes, std::move(owner)));
  }
  WeightHandle prepare_weight(const WeightSource& source, std::optional<DType> dense) override {
    return cpu::prepare_weight(source, dense, device_, *threads_);
  }
  DType preferred_compute_dtype() const override { return has_fast_bf16_products() ? DType::bf16 : DType::f32; }

 private:
  Device device_;
  std::shared_ptr<ThreadPool> threads_;
  KernelTable kernels_;
};

}  // namespace

std::shared_ptr<Backend> make_backend(Device device, const BackendOptions& options) {
  return std::make_shared<CpuBackend>(device, options);
}

}  // namespace temper::cpu
