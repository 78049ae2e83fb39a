#include "device/metal/gpu.h"

#include <unistd.h>

#include "base/fail.h"

namespace temper::metal {
namespace {

bool has_residency_sets() {
  return NS::ProcessInfo::processInfo()->isOperatingSystemAtLeastVersion({15, 0, 0});
}

}  // namespace

std::shared_ptr<Gpu> Gpu::open(int index) {
  const AutoreleaseScope scope;
  if (index != 0)
    fail(ErrorCode::unsupported, "metal:{}: only metal:0 exists; an Apple machine has one GPU that shares its memory",
         index);
  std::shared_ptr<Gpu> gpu(new Gpu);
  gpu->device_ = Retained<MTL::Device>::adopt(MTL::CreateSystemDefaultDevice());
  if (!gpu->device_)
    fail(ErrorCode::unsupported, "metal:0: Metal finds no GPU; a virtual machine without one? Use --device cpu");
  if (!gpu->device_->hasUnifiedMemory())
    fail(ErrorCode::unsupported,
         "metal:0: {} doesn't share memory with the CPU; temper needs an Apple GPU (M1 or newer)", gpu->name());
  gpu->queue_ = Retained<MTL::CommandQueue>::adopt(gpu->device_->newCommandQueue());
  if (!gpu->queue_) fail(ErrorCode::unsupported, "metal:0: {} gave no command queue", gpu->name());
  gpu->queue_->setLabel(text("temper"));
  gpu->max_buffer_bytes_ = gpu->device_->maxBufferLength();
  if (has_residency_sets()) {
    const auto descriptor = Retained<MTL::ResidencySetDescriptor>::adopt(MTL::ResidencySetDescriptor::alloc()->init());
    NS::Error* error = nullptr;
    gpu->residency_ = Retained<MTL::ResidencySet>::adopt(gpu->device_->newResidencySet(descriptor.get(), &error));
    if (gpu->residency_) gpu->queue_->addResidencySet(gpu->residency_.get());
  }
  return gpu;
}

std::string Gpu::name() const {
  const AutoreleaseScope scope;
  return device_->name()->utf8String();
}

bool Gpu::is_emulated() {
#ifdef __APPLE__
  return false;
#else
  return true;
#endif
}

size_t Gpu::page_bytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

Retained<MTL::Buffer> Gpu::new_buffer(size_t bytes, std::string_view label) {
  if (bytes == 0 || bytes > max_buffer_bytes_) return {};
  const AutoreleaseScope scope;
  auto buffer = Retained<MTL::Buffer>::adopt(device_->newBuffer(bytes, MTL::ResourceStorageModeShared));
  if (buffer) buffer->setLabel(text(label));
  return buffer;
}

Retained<MTL::Buffer> Gpu::wrap(std::span<std::byte> memory, std::shared_ptr<const void> owner,
                                std::string_view label) {
  if (memory.empty() || memory.size() > max_buffer_bytes_) return {};
  TEMPER_ASSERT(reinterpret_cast<uintptr_t>(memory.data()) % page_bytes() == 0 && memory.size() % page_bytes() == 0);
  const AutoreleaseScope scope;
  // The block holds the owner; Metal calls it once, when the buffer's last reference has gone.
  __block std::shared_ptr<const void> held = std::move(owner);
  auto buffer = Retained<MTL::Buffer>::adopt(
      device_->newBuffer(memory.data(), memory.size(), MTL::ResourceStorageModeShared, ^(void*, NS::UInteger) {
        held.reset();
      }));
  if (buffer) buffer->setLabel(text(label));
  return buffer;
}

void Gpu::keep_resident(MTL::Buffer& buffer) {
  if (!residency_) return;
  const AutoreleaseScope scope;
  const std::lock_guard lock(residency_mutex_);
  residency_->addAllocation(&buffer);
  residency_->commit();
}

void Gpu::drop_resident(MTL::Buffer& buffer) {
  if (!residency_) return;
  const AutoreleaseScope scope;
  const std::lock_guard lock(residency_mutex_);
  residency_->removeAllocation(&buffer);
  residency_->commit();
}

}  // namespace temper::metal
