#include "runtime/metal/heap.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// The first free offset for so many bytes; the heap's size when there is none.
uint64_t find_space(const Heap& heap, uint64_t bytes) {
  uint64_t candidate = 0;
  for (auto [offset, length] : heap.used) {
    if (candidate + bytes <= offset) return candidate;
    candidate = std::max(candidate, align_up(offset + length, kHeapAlignment));
  }
  return candidate + bytes <= heap.size ? candidate : heap.size;
}

Ref<Buffer> make_heap_buffer(Heap& self, uint64_t length, uint64_t options, uint64_t offset) {
  auto buffer = make<Buffer>();
  buffer->device = self.device;
  buffer->memory = self.memory;
  buffer->offset = buffer->heap_offset = offset;
  buffer->length = length;
  buffer->allocated_bytes = align_up(length, kHeapAlignment);
  buffer->options = options;
  HazardTracking asked = hazard_tracking_of(options);
  buffer->hazards = asked == HazardTracking::automatic ? self.hazards : asked;
  buffer->heap = Ref<Allocation>(&self);
  log_event(EventKind::allocate, buffer.get(), "from heap", length);
  return buffer;
}

bool check_options(Heap& self, uint64_t length, uint64_t options) {
  if (length == 0) {
    report(Rule::empty_buffer, &self, "a buffer of 0 bytes is asked for; Metal has none");
    return false;
  }
  if (storage_mode_of(options) == storage_mode_of(self.options)) return true;
  report(Rule::bad_resource_options, &self, "a buffer has its heap's storage mode; its options say another");
  return false;
}

Ref<Buffer> new_buffer_anywhere(Heap& self, uint64_t length, uint64_t options) {
  if (!check_options(self, length, options)) return nullptr;
  if (self.is_placement) {
    report(Rule::heap_placement, &self, "a placement heap needs an offset: newBufferWithLength:options:offset:");
    return nullptr;
  }
  std::lock_guard lock(self.mutex);
  uint64_t offset = find_space(self, length);
  if (offset == self.size) return nullptr;  // full: nil, as on macOS
  self.used[offset] = length;
  return make_heap_buffer(self, length, options, offset);
}

Ref<Buffer> new_buffer_at(Heap& self, uint64_t length, uint64_t options, uint64_t offset) {
  if (!check_options(self, length, options)) return nullptr;
  bool fits = length <= self.size && offset <= self.size - length && offset % kHeapAlignment == 0;
  if (!self.is_placement || !fits) {
    report(Rule::heap_placement, &self,
           self.is_placement
               ? fmt::format("{} bytes at offset {}: offsets are multiples of {} and the heap has {} bytes", length,
                             offset, kHeapAlignment, self.size)
               : std::string("only heaps of type placement take offsets"));
    return nullptr;
  }
  return make_heap_buffer(self, length, options, offset);
}

}  // namespace

Heap::~Heap() {
  if (!memory) return;
  if (*unretained_uses > 0) {
    report(Rule::freed_under_command_buffer, this,
           "deallocated while a command buffer that doesn't retain its resources still uses it");
  }
  device->allocated -= size;
  log_event(EventKind::deallocate, this, "heap", size);
}

void give_back(Heap& heap, uint64_t offset) {
  std::lock_guard lock(heap.mutex);
  heap.used.erase(offset);
}

Ref<Heap> new_heap(Device& device, HeapDescriptor& descriptor) {
  if (descriptor.size == 0 || descriptor.size > device.profile.max_buffer_bytes) {
    report(descriptor.size == 0 ? Rule::empty_buffer : Rule::buffer_too_long, &device,
           fmt::format("a heap of {} bytes; the limit is {}", descriptor.size, device.profile.max_buffer_bytes));
    return nullptr;
  }
  if (!has_room(device, descriptor.size)) return nullptr;
  bool hidden = descriptor.storage == StorageMode::device_private;
  auto memory = hidden ? Memory::device_private(descriptor.size) : Memory::shared(descriptor.size);
  if (!memory) return nullptr;
  auto heap = make<Heap>();
  heap->device = &device;
  heap->memory = std::move(memory);
  heap->size = heap->allocated_bytes = descriptor.size;
  heap->options = options_of(descriptor.cache_mode, descriptor.storage, descriptor.hazards);
  heap->hazards = descriptor.hazards == HazardTracking::tracked ? HazardTracking::tracked : HazardTracking::untracked;
  heap->is_placement = descriptor.type == 1;
  device.allocated += descriptor.size;
  log_event(EventKind::allocate, heap.get(), "heap", descriptor.size);
  return heap;
}

void register_heaps() {
  ClassBuilder<Heap>("MTLHeap", class_of<Allocation>, "P:MTLHeap")
      .abstract()
      .method("device", [](Heap& self) { return self.device; })
      .method("label", [](Heap& self) { return make_string(self.label); })
      .method("setLabel:", [](Heap& self, String* label) { self.label = text_of(label); })
      .method("size", [](Heap& self) { return self.size; })
      .method("currentAllocatedSize", [](Heap& self) { return self.size; })
      .method("usedSize",
              [](Heap& self) {
                std::lock_guard lock(self.mutex);
                uint64_t bytes = 0;
                for (auto [offset, length] : self.used) bytes += align_up(length, kHeapAlignment);
                return bytes;
              })
      .method("maxAvailableSizeWithAlignment:",
              [](Heap& self, uint64_t) {
                std::lock_guard lock(self.mutex);
                uint64_t best = 0, free_from = 0;
                for (auto [offset, length] : self.used) {
                  best = std::max(best, offset - std::min(offset, free_from));
                  free_from = align_up(offset + length, kHeapAlignment);
                }
                return std::max(best, self.size - std::min(self.size, free_from));
              })
      .method("storageMode", [](Heap& self) { return storage_mode_of(self.options); })
      .method("cpuCacheMode", [](Heap& self) { return cache_mode_of(self.options); })
      .method("hazardTrackingMode", [](Heap& self) { return self.hazards; })
      .method("resourceOptions", [](Heap& self) { return self.options; })
      .method("type", [](Heap& self) { return int64_t{self.is_placement}; })
      .method("setPurgeableState:", [](Heap&, uint64_t) -> uint64_t { return 2; })
      .method("newBufferWithLength:options:",
              [](Heap& self, uint64_t length, uint64_t options) { return new_buffer_anywhere(self, length, options); })
      .method("newBufferWithLength:options:offset:",
              [](Heap& self, uint64_t length, uint64_t options, uint64_t offset) {
                return new_buffer_at(self, length, options, offset);
              });
}

}  // namespace metalhost
