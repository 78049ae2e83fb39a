// MTLEvent, MTLSharedEvent and MTLFence.
#pragma once
#include <memory>

#include "runtime/metal/device.h"
#include "runtime/metal/pass_order.h"
#include "runtime/metal/timeline.h"

namespace metalhost {

struct MetalEvent : Object {
  Device* device = nullptr;
  std::string label;
  std::shared_ptr<Timeline> timeline = std::make_shared<Timeline>();
  std::string label_text() const { return label; }
};

struct SharedEvent : MetalEvent {};

struct Fence : Object {
  Device* device = nullptr;
  std::string label;
  bool updated = false;
  std::shared_ptr<FenceState> state = std::make_shared<FenceState>();
  std::string label_text() const { return label; }
};

Ref<MetalEvent> new_event(Device& device);
Ref<SharedEvent> new_shared_event(Device& device);
Ref<Fence> new_fence(Device& device);

void register_events();

}  // namespace metalhost
