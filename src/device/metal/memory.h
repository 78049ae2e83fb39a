#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "device/failures.h"
#include "device/hazards.h"
#include "device/memory_pool.h"
#include "device/metal/gpu.h"
#include "device/operand.h"

namespace temper::metal {

/// The arena: chunks of shared memory, each one MTLBuffer, from which a MemoryPool hands out ranges. A chunk's host
/// address names it.
class SharedChunks {
 public:
  explicit SharedChunks(std::shared_ptr<Gpu> gpu) : gpu_(std::move(gpu)) {}
  ~SharedChunks();

  std::byte* take(size_t bytes);
  void give_back(std::byte* chunk);

  /// What a pool takes them through.
  class Source final : public ChunkSource {
   public:
    explicit Source(std::shared_ptr<SharedChunks> chunks) : chunks_(std::move(chunks)) {}
    std::byte* take(size_t bytes) override { return chunks_->take(bytes); }
    void give_back(std::byte* chunk, size_t) override { chunks_->give_back(chunk); }

   private:
    std::shared_ptr<SharedChunks> chunks_;
  };

  /// A range of device memory.
  struct Place {
    Retained<MTL::Buffer> buffer;
    size_t offset = 0;
  };
  /// Where a block that came from these chunks lies.
  Place locate(const std::byte* data) const;

 private:
  std::shared_ptr<Gpu> gpu_;
  mutable std::mutex mutex_;
  std::map<const std::byte*, Retained<MTL::Buffer>, std::greater<>> chunks_;
};

enum class HostAccess : uint8_t { read, write };

/// Device memory behind a Buffer: a range of a chunk, or imported memory of a caller. CPU and GPU see the same bytes;
/// the CPU may look only while no work that touches them is under way.
class MetalMemory final : public DeviceMemory {
 public:
  MetalMemory(std::unique_ptr<PooledMemory> memory, SharedChunks::Place place)
      : place_(std::move(place)), memory_(std::move(memory)) {}
  /// Imported: `place` lies in a buffer over caller memory.
  MetalMemory(std::unique_ptr<PooledMemory> memory, SharedChunks::Place place, std::shared_ptr<Gpu> gpu);
  ~MetalMemory() override;

  MTL::Buffer& buffer() const { return *place_.buffer; }
  size_t offset() const { return place_.offset; }
  /// Where the host sees the memory: a name for it. Whoever reads or writes there asks on_host() first.
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(memory_->data()); }
  /// Bytes that the host reads or writes from now on, until it hands over more work: none under way may write them, nor
  /// read what the host writes. metalhost checks that, in imported memory too.
  std::span<std::byte> on_host(size_t offset, size_t bytes, HostAccess access) const;
  PendingUses& uses() const { return memory_->uses(); }
  const std::shared_ptr<FailedRanges>& failed() const { return memory_->failed(); }

 private:
  SharedChunks::Place place_;
  std::unique_ptr<PooledMemory> memory_;
  std::shared_ptr<Gpu> gpu_;  // of imported memory
};

inline MetalMemory& memory_of(const Buffer& buffer) {
  return static_cast<MetalMemory&>(buffer.memory());
}

/// The bytes between an operand's first and last element, by host address.
MemoryRange range_of(const Operand& operand);
/// The same with what failed there.
Access access_to(const Operand& operand);

/// Caller memory as device memory, without a copy: `bytes` may begin and end anywhere in mapped pages, which the device
/// then reads whole. Null when it refuses. The caller must not write to them any more.
std::shared_ptr<Buffer> import_memory(const std::shared_ptr<Gpu>& gpu, Device device, std::span<const std::byte> bytes,
                                      std::shared_ptr<const void> owner, std::string_view label = "imported");

}  // namespace temper::metal
