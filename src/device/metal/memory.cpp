#include "device/metal/memory.h"

#ifndef __APPLE__
#include <metalhost/cpu_access.h>
#endif

#include <algorithm>

#include "base/fail.h"

namespace temper::metal {

SharedChunks::~SharedChunks() {
  for (const auto& [data, buffer] : chunks_) gpu_->drop_resident(*buffer);
}

std::byte* SharedChunks::take(size_t bytes) {
  auto buffer = gpu_->new_buffer(bytes, "arena");
  if (!buffer) return nullptr;
  auto* data = static_cast<std::byte*>(buffer->contents());
  TEMPER_ASSERT(reinterpret_cast<uintptr_t>(data) % MemoryPool::kAlignment == 0);
  gpu_->keep_resident(*buffer);
  const std::lock_guard lock(mutex_);
  chunks_.emplace(data, std::move(buffer));
  return data;
}

void SharedChunks::give_back(std::byte* chunk) {
  Retained<MTL::Buffer> buffer;
  {
    const std::lock_guard lock(mutex_);
    const auto found = chunks_.find(chunk);
    TEMPER_ASSERT(found != chunks_.end());
    buffer = std::move(found->second);
    chunks_.erase(found);
  }
  gpu_->drop_resident(*buffer);
}

SharedChunks::Place SharedChunks::locate(const std::byte* data) const {
  const std::lock_guard lock(mutex_);
  const auto chunk = chunks_.lower_bound(data);  // descending: the last chunk that begins at or before `data`
  TEMPER_ASSERT(chunk != chunks_.end() && data < chunk->first + chunk->second->length());
  return {chunk->second, static_cast<size_t>(data - chunk->first)};
}

MetalMemory::MetalMemory(std::unique_ptr<PooledMemory> memory, SharedChunks::Place place, std::shared_ptr<Gpu> gpu)
    : place_(std::move(place)), memory_(std::move(memory)), gpu_(std::move(gpu)) {
  gpu_->keep_resident(*place_.buffer);
}

MetalMemory::~MetalMemory() {
  if (gpu_) gpu_->drop_resident(*place_.buffer);
}

std::span<std::byte> MetalMemory::on_host(size_t offset, size_t bytes, [[maybe_unused]] HostAccess access) const {
  std::byte* const data = memory_->data() + offset;
#ifndef __APPLE__
  if (bytes > 0) metalhost::cpu_access(data, bytes, access == HostAccess::write);
#endif
  return {data, bytes};
}

MemoryRange range_of(const Operand& operand) {
  const size_t element = size_of(operand.dtype());
  const uintptr_t base = memory_of(*operand.buffer).address();
  const auto offset = static_cast<size_t>(operand.spec.layout.offset);
  const auto end = static_cast<size_t>(operand.spec.layout.end());
  return {0, base + offset * element, base + std::max(end, offset) * element};
}

Access access_to(const Operand& operand) {
  return {range_of(operand), memory_of(*operand.buffer).failed().get(), operand.buffer->version() > 0};
}

std::shared_ptr<Buffer> import_memory(const std::shared_ptr<Gpu>& gpu, Device device, std::span<const std::byte> bytes,
                                      std::shared_ptr<const void> owner, std::string_view label) {
  const size_t page = Gpu::page_bytes();
  auto* data = const_cast<std::byte*>(bytes.data());  // the device's from now on
  const size_t before = reinterpret_cast<uintptr_t>(data) % page;
  const size_t whole = (before + bytes.size() + page - 1) / page * page;
  auto buffer = gpu->wrap({data - before, whole}, owner, label);
  if (!buffer) return nullptr;
  return std::make_shared<Buffer>(device, bytes.size(),
                                  std::make_unique<MetalMemory>(std::make_unique<PooledMemory>(bytes, std::move(owner)),
                                                                SharedChunks::Place{std::move(buffer), before}, gpu));
}

}  // namespace temper::metal
