#include "device/cpu/memory.h"

#include <algorithm>
#include <new>

namespace temper::cpu {
namespace {

class HeapChunks final : public ChunkSource {
 public:
  std::byte* take(size_t bytes) override {
    return static_cast<std::byte*>(::operator new (bytes, std::align_val_t{MemoryPool::kAlignment}, std::nothrow));
  }
  void give_back(std::byte* chunk, size_t) override {
    ::operator delete (chunk, std::align_val_t{MemoryPool::kAlignment});
  }
};

}  // namespace

std::shared_ptr<MemoryPool> make_pool(size_t max_cached_bytes, size_t chunk_bytes) {
  return std::make_shared<MemoryPool>(std::make_unique<HeapChunks>(), max_cached_bytes, chunk_bytes);
}

MemoryRange range_of(const Operand& operand) {
  const size_t element = size_of(operand.dtype());
  const auto base = reinterpret_cast<uintptr_t>(memory_of(*operand.buffer).data());
  const auto offset = static_cast<size_t>(operand.spec.layout.offset);
  const auto end = static_cast<size_t>(operand.spec.layout.end());
  return {0, base + offset * element, base + std::max(end, offset) * element};
}

MemoryRange range_of(const Buffer& buffer, size_t offset, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(memory_of(buffer).data()) + offset;
  return {0, begin, begin + bytes};
}

Access access_to(const Operand& operand) {
  return {range_of(operand), memory_of(*operand.buffer).failed().get(), operand.buffer->version() > 0};
}

}  // namespace temper::cpu
