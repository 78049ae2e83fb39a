#include "runtime/metal/fences.h"

#include "runtime/checks/report.h"
#include "runtime/events/log.h"

namespace metalhost {

void update_fence(CommandEncoder& encoder, Fence& fence) {
  if (!encoder.can_encode() || !check_same_device(fence, fence.device, encoder.command_buffer->device())) return;
  encoder.command_buffer->keep(&fence);
  fence.updated = true;
  log_event(EventKind::barrier, &encoder, "update fence");
  encoder.add({.kind = Command::Kind::update_fence, .name = "update fence", .fence = fence.state});
}

void wait_for_fence(CommandEncoder& encoder, Fence& fence) {
  if (!encoder.can_encode() || !check_same_device(fence, fence.device, encoder.command_buffer->device())) return;
  encoder.command_buffer->keep(&fence);
  log_event(EventKind::barrier, &encoder, "wait for fence");
  if (!fence.updated) {
    report(Rule::fence_order, &fence, "waited for before any encoder updates it: it orders nothing");
  }
  encoder.add({.kind = Command::Kind::wait_fence, .name = "wait for fence", .fence = fence.state});
}

}  // namespace metalhost
