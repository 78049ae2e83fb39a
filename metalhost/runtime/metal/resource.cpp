#include "runtime/metal/resource.h"

#include "runtime/foundation/string.h"
#include "runtime/metal/heap.h"
#include "runtime/objc/define.h"

namespace metalhost {

void register_resources() {
  ClassBuilder<Allocation>("MTLAllocation", root_class(), "").abstract().method("allocatedSize", [](Allocation& self) {
    return self.allocated_bytes;
  });

  ClassBuilder<Resource>("MTLResource", class_of<Allocation>, "P:MTLResource")
      .abstract()
      .method("device", [](Resource& self) { return self.device; })
      .method("label", [](Resource& self) { return make_string(self.label); })
      .method("setLabel:", [](Resource& self, String* label) { self.label = text_of(label); })
      .method("storageMode", [](Resource& self) { return storage_mode_of(self.options); })
      .method("cpuCacheMode", [](Resource& self) { return cache_mode_of(self.options); })
      .method("hazardTrackingMode", [](Resource& self) { return self.hazards; })
      .method("resourceOptions", [](Resource& self) { return self.options; })
      .method("heap", [](Resource& self) -> Object* { return self.heap.get(); })
      .method("heapOffset", [](Resource& self) { return self.heap_offset; })
      .method("isAliasable", [](Resource& self) { return self.is_aliasable; })
      .method("makeAliasable",
              [](Resource& self) {
                if (self.heap && !self.is_aliasable) give_back(static_cast<Heap&>(*self.heap), self.heap_offset);
                self.is_aliasable = true;
              })
      .method("setPurgeableState:", [](Resource&, uint64_t) -> uint64_t { return 2; });  // always non-volatile
}

}  // namespace metalhost
