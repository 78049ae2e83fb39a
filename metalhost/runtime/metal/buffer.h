// MTLBuffer.
#pragma once
#include "runtime/metal/memory.h"
#include "runtime/metal/resource.h"
#include "runtime/objc/block.h"

namespace metalhost {

struct Buffer : Resource {
  std::shared_ptr<Memory> memory;
  uint64_t offset = 0;  // in memory
  uint64_t length = 0;
  Block<void(void*, uint64_t)> deallocator;

  // Where GPU threads find its bytes.
  std::byte* gpu(uint64_t at = 0) const { return memory->gpu() + offset + at; }
  ~Buffer();
};

// -newBufferWith...: null after a report or when there is no memory.
Ref<Buffer> new_buffer(Device& device, uint64_t length, uint64_t options);
Ref<Buffer> new_buffer_with_bytes(Device& device, const void* bytes, uint64_t length, uint64_t options);
Ref<Buffer> new_buffer_around(Device& device, void* bytes, uint64_t length, uint64_t options,
                              Block<void(void*, uint64_t)> deallocator);

void register_buffers();

}  // namespace metalhost
