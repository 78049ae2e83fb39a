// What buffers and heaps have in common.
#pragma once
#include <memory>

#include "runtime/metal/device.h"

namespace metalhost {

// MTLAllocation: what residency sets hold.
struct Allocation : Object {
  Device* device = nullptr;  // lives as long as the program
  std::string label;
  uint64_t allocated_bytes = 0;
  // Command buffers that use it without a reference of their own.
  std::shared_ptr<std::atomic<int>> unretained_uses = std::make_shared<std::atomic<int>>(0);
  std::string label_text() const { return label; }
};

struct Heap;

// MTLResource.
struct Resource : Allocation {
  uint64_t options = 0;
  HazardTracking hazards = HazardTracking::tracked;
  Ref<Allocation> heap;  // null, or the Heap it was made from
  uint64_t heap_offset = 0;
  bool is_aliasable = false;
};

void register_resources();

}  // namespace metalhost
