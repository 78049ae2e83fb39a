#include "runtime/metal/residency_set.h"

#include <algorithm>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

constexpr MacOs kSince{15, 0};

void add(ResidencySet& self, Allocation& allocation) {
  if (!check_same_device(allocation, allocation.device, self.device)) return;
  auto same = [&](const Ref<Allocation>& other) { return other.get() == &allocation; };
  if (std::none_of(self.pending.begin(), self.pending.end(), same)) self.pending.emplace_back(&allocation);
}

void remove(ResidencySet& self, Allocation& allocation) {
  auto removed = std::erase_if(self.pending, [&](const Ref<Allocation>& other) { return other.get() == &allocation; });
  if (removed == 0) report(Rule::residency, &allocation, "removed from a residency set that doesn't hold it");
}

template <class F>
void each(Allocation* const* allocations, uint64_t count, F function) {
  for (uint64_t i = 0; i < count; ++i) {
    if (check_object_argument(allocations[i], class_of<Allocation>, 1, false)) function(*allocations[i]);
  }
}

}  // namespace

Ref<ResidencySet> new_residency_set(Device& device, ResidencySetDescriptor& descriptor) {
  auto set = make<ResidencySet>();
  set->device = &device;
  set->label = descriptor.label;
  log_event(EventKind::create, set.get(), "");
  return set;
}

void register_residency_sets() {
  ClassBuilder<ResidencySet>("MTLResidencySet", root_class(), "")
      .abstract()
      .method(
          "device", [](ResidencySet& self) { return self.device; }, kSince)
      .method(
          "label", [](ResidencySet& self) { return make_string(self.label); }, kSince)
      .method(
          "addAllocation:", [](ResidencySet& self, Allocation& allocation) { add(self, allocation); }, kSince)
      .method(
          "addAllocations:count:",
          [](ResidencySet& self, Allocation* const* allocations, uint64_t count) {
            each(allocations, count, [&](Allocation& allocation) { add(self, allocation); });
          },
          kSince)
      .method(
          "removeAllocation:", [](ResidencySet& self, Allocation& allocation) { remove(self, allocation); }, kSince)
      .method(
          "removeAllocations:count:",
          [](ResidencySet& self, Allocation* const* allocations, uint64_t count) {
            each(allocations, count, [&](Allocation& allocation) { remove(self, allocation); });
          },
          kSince)
      .method(
          "removeAllAllocations", [](ResidencySet& self) { self.pending.clear(); }, kSince)
      .method(
          "containsAllocation:",
          [](ResidencySet& self, Allocation& allocation) {
            return std::any_of(self.pending.begin(), self.pending.end(),
                               [&](const Ref<Allocation>& other) { return other.get() == &allocation; });
          },
          kSince)
      .method(
          "allAllocations",
          [](ResidencySet& self) {
            return make_array({self.pending.begin(), self.pending.end()});
          },
          kSince)
      .method(
          "allocationCount", [](ResidencySet& self) -> uint64_t { return self.pending.size(); }, kSince)
      .method(
          "allocatedSize",
          [](ResidencySet& self) {
            uint64_t bytes = 0;
            for (const auto& allocation : self.committed) bytes += allocation->allocated_bytes;
            return bytes;
          },
          kSince)
      .method(
          "commit", [](ResidencySet& self) { self.committed = self.pending; }, kSince)
      .method(
          "requestResidency", [](ResidencySet& self) { self.resident = true; }, kSince)
      .method(
          "endResidency", [](ResidencySet& self) { self.resident = false; }, kSince);
}

}  // namespace metalhost
