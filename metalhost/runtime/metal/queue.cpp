#include "runtime/metal/queue.h"

#include <fmt/format.h>

#include <metalhost/runtime.h>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/command_buffer.h"
#include "runtime/metal/descriptors.h"
#include "runtime/metal/residency_set.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

Ref<CommandBuffer> new_command_buffer(CommandQueue& self, bool retains) {
  {
    std::unique_lock lock(self.mutex);
    if (self.uncommitted >= self.max_command_buffers) {
      lock.unlock();
      report(
          Rule::too_many_command_buffers, &self,
          fmt::format("{} command buffers are made and not committed, as many as the queue holds: macOS waits forever",
                      self.max_command_buffers));
      return nullptr;
    }
    if (self.outstanding >= self.max_command_buffers) resume_gpu();
    self.changed.wait(lock, [&] { return self.outstanding < self.max_command_buffers; });
    ++self.outstanding;
    ++self.uncommitted;
  }
  auto buffer = make<CommandBuffer>();
  buffer->queue = Ref<CommandQueue>(&self);
  buffer->retains = retains;
  return buffer;
}

}  // namespace

CommandQueue::~CommandQueue() {
  if (gpu) GpuThread::stop(gpu);
}

Ref<CommandQueue> new_command_queue(Device& device, uint64_t max_command_buffers) {
  auto queue = make<CommandQueue>();
  queue->device = &device;
  queue->max_command_buffers = max_command_buffers;
  queue->gpu = GpuThread::start();
  log_event(EventKind::create, queue.get(), "");
  return queue;
}

void register_queues() {
  ClassBuilder<CommandQueue>("MTLCommandQueue", root_class(), "P:MTLCommandQueue")
      .abstract()
      .method("device", [](CommandQueue& self) { return self.device; })
      .method("label", [](CommandQueue& self) { return make_string(self.label); })
      .method("setLabel:", [](CommandQueue& self, String* label) { self.label = text_of(label); })
      .method("commandBuffer", [](CommandQueue& self) { return new_command_buffer(self, true); })
      .method("commandBufferWithUnretainedReferences",
              [](CommandQueue& self) { return new_command_buffer(self, false); })
      .method("commandBufferWithDescriptor:",
              [](CommandQueue& self, CommandBufferDescriptor& descriptor) {
                return new_command_buffer(self, descriptor.retained_references);
              })
      .method("insertDebugCaptureBoundary", [](CommandQueue&) {})
      .method(
          "addResidencySet:",
          [](CommandQueue& self, ResidencySet& set) {
            if (!check_same_device(set, set.device, self.device)) return;
            std::lock_guard lock(self.mutex);
            self.residency_sets.emplace_back(&set);
          },
          MacOs{15, 0})
      .method(
          "removeResidencySet:",
          [](CommandQueue& self, ResidencySet& set) {
            Ref<Object> removed;
            std::lock_guard lock(self.mutex);
            std::erase_if(self.residency_sets, [&](Ref<Object>& other) {
              if (other.get() != &set) return false;
              removed = std::move(other);
              return true;
            });
          },
          MacOs{15, 0});
}

}  // namespace metalhost
