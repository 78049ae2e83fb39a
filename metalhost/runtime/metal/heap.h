// MTLHeap: buffers made inside one allocation.
#pragma once
#include <map>

#include "runtime/metal/buffer.h"
#include "runtime/metal/descriptors.h"

namespace metalhost {

inline constexpr uint64_t kHeapAlignment = 256;

struct Heap : Allocation {
  std::shared_ptr<Memory> memory;
  uint64_t size = 0;
  uint64_t options = 0;
  HazardTracking hazards = HazardTracking::untracked;
  bool is_placement = false;
  // Bytes by offset that its buffers hold; buffers keep their heap alive.
  std::mutex mutex;
  std::map<uint64_t, uint64_t> used;
  ~Heap();
};

Ref<Heap> new_heap(Device& device, HeapDescriptor& descriptor);
// Called when a buffer of the heap dies or becomes aliasable.
void give_back(Heap& heap, uint64_t offset);

void register_heaps();

}  // namespace metalhost
