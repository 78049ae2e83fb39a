// MTLResidencySet (macOS 15).
#pragma once
#include "runtime/foundation/error.h"
#include "runtime/metal/descriptors.h"
#include "runtime/metal/resource.h"

namespace metalhost {

struct ResidencySet : Object {
  Device* device = nullptr;
  std::string label;
  std::vector<Ref<Allocation>> pending;    // as the program edits it
  std::vector<Ref<Allocation>> committed;  // as the GPU sees it
  bool resident = false;
  std::string label_text() const { return label; }
};

Ref<ResidencySet> new_residency_set(Device& device, ResidencySetDescriptor& descriptor);

void register_residency_sets();

}  // namespace metalhost
