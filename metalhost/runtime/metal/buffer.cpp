#include "runtime/metal/buffer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/foundation/string.h"
#include "runtime/metal/heap.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

bool check_length(Device& device, uint64_t length, uint64_t options) {
  if (length == 0) {
    report(Rule::empty_buffer, &device, "a buffer of 0 bytes is asked for; Metal has none");
    return false;
  }
  if (length > device.profile.max_buffer_bytes) {
    report(Rule::buffer_too_long, &device,
           fmt::format("{} bytes are asked for; maxBufferLength is {}", length, device.profile.max_buffer_bytes));
    return false;
  }
  StorageMode mode = storage_mode_of(options);
  if (mode == StorageMode::memoryless || static_cast<uint64_t>(mode) > 3 || options >> 10 != 0) {
    report(Rule::bad_resource_options, &device, fmt::format("options {:#x} are not for buffers", options));
    return false;
  }
  return true;
}

Ref<Buffer> make_buffer(Device& device, std::shared_ptr<Memory> memory, uint64_t length, uint64_t options) {
  if (!memory) return nullptr;
  auto buffer = make<Buffer>();
  buffer->device = &device;
  buffer->memory = std::move(memory);
  buffer->length = length;
  buffer->options = options;
  buffer->allocated_bytes = length;
  buffer->hazards =
      hazard_tracking_of(options) == HazardTracking::untracked ? HazardTracking::untracked : HazardTracking::tracked;
  device.allocated += length;
  log_event(EventKind::allocate, buffer.get(), "", length);
  return buffer;
}

}  // namespace

Buffer::~Buffer() {
  if (!memory) return;
  if (*unretained_uses > 0) {
    report(Rule::freed_under_command_buffer, this,
           "deallocated while a command buffer that doesn't retain its resources still uses it");
  }
  if (!heap) {
    device->allocated -= length;
  } else if (!is_aliasable) {
    give_back(static_cast<Heap&>(*heap), heap_offset);
  }
  log_event(EventKind::deallocate, this, "", length);
  if (deallocator) deallocator(memory->cpu(), length);
}

Ref<Buffer> new_buffer(Device& device, uint64_t length, uint64_t options) {
  if (!check_length(device, length, options)) return nullptr;
  if (!has_room(device, length)) return nullptr;  // as on macOS: nil, no report
  bool hidden = storage_mode_of(options) == StorageMode::device_private;
  return make_buffer(device, hidden ? Memory::device_private(length) : Memory::shared(length), length, options);
}

Ref<Buffer> new_buffer_with_bytes(Device& device, const void* bytes, uint64_t length, uint64_t options) {
  if (storage_mode_of(options) == StorageMode::device_private) {
    report(Rule::bad_resource_options, &device,
           "a private buffer can't be filled from memory: copy with a blit encoder");
    return nullptr;
  }
  auto buffer = new_buffer(device, length, options);
  if (buffer) std::memcpy(buffer->gpu(), bytes, length);
  return buffer;
}

Ref<Buffer> new_buffer_around(Device& device, void* bytes, uint64_t length, uint64_t options,
                              Block<void(void*, uint64_t)> deallocator) {
  if (!check_length(device, length, options)) return nullptr;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (reinterpret_cast<uintptr_t>(bytes) % page != 0 || length % page != 0) {
    report(Rule::no_copy_alignment, &device,
           fmt::format("address {} and length {} must be multiples of the page size {}", bytes, length, page));
    return nullptr;
  }
  if (storage_mode_of(options) == StorageMode::device_private) {
    report(Rule::bad_resource_options, &device, "memory of the program can't become a private buffer");
    return nullptr;
  }
  auto buffer = make_buffer(device, Memory::wrapping(bytes, length), length, options);
  if (buffer) buffer->deallocator = std::move(deallocator);
  return buffer;
}

void register_buffers() {
  ClassBuilder<Buffer>("MTLBuffer", class_of<Resource>, "P:MTLBuffer")
      .abstract()
      .method("length", [](Buffer& self) { return self.length; })
      .method("contents",
              [](Buffer& self) -> void* {
                if (self.memory->cpu()) return self.memory->cpu() + self.offset;
                report(Rule::private_contents, &self, "storage mode private: the CPU can't see it; use a blit encoder");
                return nullptr;
              })
      .method(
          "gpuAddress", [](Buffer& self) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(self.gpu())); },
          MacOs{13, 0})
      .method("didModifyRange:",
              [](Buffer& self, Range range) {
                if (storage_mode_of(self.options) != StorageMode::managed) {
                  report(Rule::bad_resource_options, &self, "didModifyRange: is for storage mode managed only");
                } else if (range.length > self.length || range.location > self.length - range.length) {
                  report(Rule::buffer_range, &self, "the range ends past the buffer");
                }
              })
      .method("addDebugMarker:range:", [](Buffer&, String&, Range) {})
      .method("removeAllDebugMarkers", [](Buffer&) {});
}

}  // namespace metalhost
