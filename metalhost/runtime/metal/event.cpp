#include "runtime/metal/event.h"

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/foundation/string.h"
#include "runtime/objc/define.h"
#include "runtime/objc/pool.h"

namespace metalhost {
namespace {

struct SharedEventListener : Object {};

template <class T>
Ref<T> make_for(Device& device) {
  auto object = make<T>();
  object->device = &device;
  log_event(EventKind::create, object.get(), "");
  return object;
}

void set_value(SharedEvent& self, uint64_t value) {
  uint64_t now = self.timeline->value();
  if (!self.timeline->signal(value)) {
    report(Rule::event_value, &self,
           "set to " + std::to_string(value) + " after it reached " + std::to_string(now) + ": values only grow");
  }
}

void notify(SharedEvent& self, uint64_t value, Block<void(Object*, uint64_t)> block) {
  Ref<SharedEvent> keep(&self);
  self.timeline->when_reached(value, [keep, value, block = std::move(block)] {
    PoolScope pool;
    block(keep.get(), value);
  });
}

}  // namespace

Ref<MetalEvent> new_event(Device& device) {
  return make_for<MetalEvent>(device);
}
Ref<SharedEvent> new_shared_event(Device& device) {
  return make_for<SharedEvent>(device);
}
Ref<Fence> new_fence(Device& device) {
  return make_for<Fence>(device);
}

void register_events() {
  ClassBuilder<MetalEvent>("MTLEvent", root_class(), "P:MTLEvent")
      .abstract()
      .method("device", [](MetalEvent& self) { return self.device; })
      .method("label", [](MetalEvent& self) { return make_string(self.label); })
      .method("setLabel:", [](MetalEvent& self, String* label) { self.label = text_of(label); });

  ClassBuilder<SharedEventListener>("MTLSharedEventListener", root_class(), "C:MTLSharedEventListener")
      .method("init", [](SharedEventListener& self) { return &self; })
      .class_method(
          "sharedListener",
          [](ObjcClass&) {
            static SharedEventListener* shared = [] {
              auto* listener = make<SharedEventListener>().detach();
              make_immortal(listener);
              return listener;
            }();
            return shared;
          },
          MacOs{14, 0});

  ClassBuilder<SharedEvent>("MTLSharedEvent", class_of<MetalEvent>, "P:MTLSharedEvent")
      .abstract()
      .method("signaledValue", [](SharedEvent& self) { return self.timeline->value(); })
      .method("setSignaledValue:", [](SharedEvent& self, uint64_t value) { set_value(self, value); })
      .method(
          "waitUntilSignaledValue:timeoutMS:",
          [](SharedEvent& self, uint64_t value, uint64_t timeout_ms) {
            log_event(EventKind::host_wait, &self, "");
            return self.timeline->wait(value, timeout_ms);
          },
          MacOs{12, 0})
      .method("notifyListener:atValue:block:",
              [](SharedEvent& self, SharedEventListener&, uint64_t value, Block<void(Object*, uint64_t)> block) {
                notify(self, value, std::move(block));
              });

  ClassBuilder<Fence>("MTLFence", root_class(), "P:MTLFence")
      .abstract()
      .method("device", [](Fence& self) { return self.device; })
      .method("label", [](Fence& self) { return make_string(self.label); })
      .method("setLabel:", [](Fence& self, String* label) { self.label = text_of(label); });
}

}  // namespace metalhost
