#include "runtime/metal/command_buffer.h"

#include <fmt/format.h>
#include <metalhost/runtime.h>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/blit_encoder.h"
#include "runtime/metal/commit.h"
#include "runtime/metal/compute_encoder.h"
#include "runtime/metal/descriptors.h"
#include "runtime/metal/event.h"
#include "runtime/metal/residency_set.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

void add_handler(CommandBuffer& self, std::vector<Block<void(Object*)>>& handlers, Block<void(Object*)> handler) {
  if (self.current_status() >= CommandBufferStatus::committed) {
    report(Rule::encode_after_commit, &self, "handlers must be added before commit");
    return;
  }
  handlers.push_back(std::move(handler));
}

void enqueue(CommandBuffer& self) {
  {
    std::lock_guard lock(self.mutex);
    if (self.status != CommandBufferStatus::not_enqueued) return;
    self.status = CommandBufferStatus::enqueued;
  }
  self.queue->gpu->enqueue(self);
}

// Waits for a status, or for the end of the handlers.
void wait(CommandBuffer& self, bool until_completed) {
  if (self.current_status() < CommandBufferStatus::committed) {
    report(Rule::wait_before_commit, &self, "it is not committed: waiting would never end");
    return;
  }
  if (self.queue->gpu->is_this_thread()) {
    report(Rule::wait_in_handler, &self, "called by a handler, which its queue waits for: a deadlock");
    return;
  }
  log_event(EventKind::host_wait, &self, "");
  resume_gpu();
  std::unique_lock lock(self.mutex);
  self.changed.wait(
      lock, [&] { return until_completed ? self.handlers_done : self.status >= CommandBufferStatus::scheduled; });
}

void encode_event(CommandBuffer& self, MetalEvent& event, Command::Kind kind, uint64_t value) {
  if (!self.can_begin_encoder() || !check_same_device(event, event.device, self.device())) return;
  self.keep(&event);
  log_event(EventKind::barrier, &self,
            fmt::format("{} {} {}", kind == Command::Kind::wait ? "wait for" : "signal", describe(&event), value));
  self.add({.kind = kind, .name = describe(&event), .timeline = event.timeline, .value = value});
}

void pop_debug_group(CommandBuffer& self) {
  if (self.debug_groups == 0) {
    report(Rule::debug_groups, &self, "popDebugGroup without a pushDebugGroup");
  } else {
    --self.debug_groups;
  }
}

}  // namespace

Access access_of(const Buffer& buffer, uint64_t offset, uint64_t bytes, bool writes) {
  uint64_t begin = buffer.offset + offset;
  return {buffer.memory, begin, begin + bytes, writes, buffer.hazards != HazardTracking::untracked, describe(&buffer)};
}

CommandBuffer::~CommandBuffer() {
  if (open_encoder) report(Rule::open_encoder, this, "deallocated with an encoder open");
  if (!queue) return;
  if (status == CommandBufferStatus::enqueued) queue->gpu->abandon(*this);
  for (auto& uses : unretained_uses) --*uses;
  if (status < CommandBufferStatus::committed) {
    std::lock_guard lock(queue->mutex);
    --queue->outstanding;
    --queue->uncommitted;
    queue->changed.notify_all();
  }
}

CommandBufferStatus CommandBuffer::current_status() {
  std::lock_guard lock(mutex);
  return status;
}

bool CommandBuffer::can_encode() {
  if (current_status() < CommandBufferStatus::committed) return true;
  report(Rule::encode_after_commit, this, "it is committed: begin a new command buffer");
  return false;
}

bool CommandBuffer::can_begin_encoder() {
  if (!can_encode()) return false;
  if (!open_encoder) return true;
  report(Rule::open_encoder, this, describe(open_encoder) + " is still open: endEncoding first");
  return false;
}

void CommandBuffer::keep(Object* object) {
  if (!object) return;
  if (retains) {
    kept.emplace_back(object);
  } else if (is_kind_of(object->isa, class_of<Allocation>)) {
    auto& uses = static_cast<Allocation*>(object)->unretained_uses;
    ++*uses;
    unretained_uses.push_back(uses);
  }
}

void CommandBuffer::add(Command command) {
  commands.push_back(std::move(command));
}

bool CommandBuffer::add_external(const char* library, std::vector<Object*> objects, Command command) {
  if (!can_begin_encoder()) return false;
  for (Object* object : objects) keep(object);
  log_event(EventKind::external, this, library);
  add(std::move(command));
  return true;
}

void register_command_buffers() {
  using Status = CommandBufferStatus;
  ClassBuilder<CommandBuffer>("MTLCommandBuffer", root_class(), "P:MTLCommandBuffer")
      .abstract()
      .method("device", [](CommandBuffer& self) { return self.device(); })
      .method("commandQueue", [](CommandBuffer& self) { return self.queue.get(); })
      .method("label", [](CommandBuffer& self) { return make_string(self.label); })
      .method("setLabel:", [](CommandBuffer& self, String* label) { self.label = text_of(label); })
      .method("retainedReferences", [](CommandBuffer& self) { return self.retains; })
      .method("errorOptions", [](CommandBuffer&) { return uint64_t{0}; })
      .method("enqueue", [](CommandBuffer& self) { enqueue(self); })
      .method("commit", [](CommandBuffer& self) { commit(self); })
      .method("waitUntilScheduled", [](CommandBuffer& self) { wait(self, false); })
      .method("waitUntilCompleted", [](CommandBuffer& self) { wait(self, true); })
      .method("status", [](CommandBuffer& self) { return self.current_status(); })
      .method("error",
              [](CommandBuffer& self) {
                std::lock_guard lock(self.mutex);
                return self.error.get();
              })
      .method("addScheduledHandler:",
              [](CommandBuffer& self, Block<void(Object*)> handler) {
                add_handler(self, self.scheduled_handlers, std::move(handler));
              })
      .method("addCompletedHandler:",
              [](CommandBuffer& self, Block<void(Object*)> handler) {
                add_handler(self, self.completed_handlers, std::move(handler));
              })
      .method("GPUStartTime",
              [](CommandBuffer& self) { return self.current_status() >= Status::completed ? self.start_time : 0; })
      .method("GPUEndTime",
              [](CommandBuffer& self) { return self.current_status() >= Status::completed ? self.end_time : 0; })
      .method("kernelStartTime",
              [](CommandBuffer& self) { return self.current_status() >= Status::completed ? self.start_time : 0; })
      .method("kernelEndTime",
              [](CommandBuffer& self) { return self.current_status() >= Status::completed ? self.end_time : 0; })
      .method("computeCommandEncoder",
              [](CommandBuffer& self) { return new_compute_encoder(self, DispatchType::serial); })
      .method("computeCommandEncoderWithDispatchType:",
              [](CommandBuffer& self, DispatchType type) { return new_compute_encoder(self, type); })
      .method("computeCommandEncoderWithDescriptor:",
              [](CommandBuffer& self, ComputePassDescriptor& descriptor) {
                return new_compute_encoder(self, static_cast<DispatchType>(descriptor.dispatch_type));
              })
      .method("blitCommandEncoder", [](CommandBuffer& self) { return new_blit_encoder(self); })
      .method("encodeWaitForEvent:value:",
              [](CommandBuffer& self, MetalEvent& event, uint64_t value) {
                encode_event(self, event, Command::Kind::wait, value);
              })
      .method("encodeSignalEvent:value:",
              [](CommandBuffer& self, MetalEvent& event, uint64_t value) {
                encode_event(self, event, Command::Kind::signal, value);
              })
      .method(
          "useResidencySet:",
          [](CommandBuffer& self, ResidencySet& set) {
            if (self.can_encode()) self.keep(&set);
          },
          MacOs{15, 0})
      .method(
          "useResidencySets:count:",
          [](CommandBuffer& self, ResidencySet* const* sets, uint64_t count) {
            for (uint64_t i = 0; i < count && self.can_encode(); ++i) {
              if (check_object_argument(sets[i], class_of<ResidencySet>, 1, false)) self.keep(sets[i]);
            }
          },
          MacOs{15, 0})
      .method("pushDebugGroup:", [](CommandBuffer& self, String&) { ++self.debug_groups; })
      .method("popDebugGroup", [](CommandBuffer& self) { pop_debug_group(self); });
}

}  // namespace metalhost
