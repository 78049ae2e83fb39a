#pragma once

#include <cstddef>
#include <memory>

#include "device/hazards.h"
#include "device/memory_pool.h"
#include "device/operand.h"

namespace temper::cpu {

/// A pool on the host's heap.
std::shared_ptr<MemoryPool> make_pool(size_t max_cached_bytes = MemoryPool::kMaxCachedBytes,
                                      size_t chunk_bytes = MemoryPool::kChunkBytes);

/// The memory of a buffer on this backend.
inline PooledMemory& memory_of(const Buffer& buffer) {
  return static_cast<PooledMemory&>(buffer.memory());
}

/// First element of an operand. T must have the element size of the operand's type.
template <class T>
T* data_of(const Operand& operand) {
  return reinterpret_cast<T*>(memory_of(*operand.buffer).data()) + operand.spec.layout.offset;
}

/// The bytes between an operand's first and last element.
MemoryRange range_of(const Operand& operand);
/// The same with what failed there.
Access access_to(const Operand& operand);
/// Bytes [offset, offset + bytes) of a buffer.
MemoryRange range_of(const Buffer& buffer, size_t offset, size_t bytes);

}  // namespace temper::cpu
