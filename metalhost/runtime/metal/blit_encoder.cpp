#include "runtime/metal/blit_encoder.h"

#include <cstring>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/fences.h"

namespace metalhost {
namespace {

void copy(BlitEncoder& self, Buffer& source, uint64_t from, Buffer& destination, uint64_t to, uint64_t bytes) {
  if (!self.can_encode() || !check_range(source, from, bytes) || !check_range(destination, to, bytes)) return;
  if (bytes == 0) {
    report(Rule::blit_range, &self, "a copy of 0 bytes");
    return;
  }
  if (!self.use(source) || !self.use(destination)) return;
  Command command{.name = "blit copy",
                  .accesses = {access_of(source, from, bytes, false), access_of(destination, to, bytes, true)}};
  if (command.accesses[0].conflicts_with(command.accesses[1])) {
    report(Rule::blit_range, &self, "source and destination overlap in " + describe(&source));
    return;
  }
  command.run = [in = source.gpu(from), out = destination.gpu(to), bytes] { std::memcpy(out, in, bytes); };
  log_event(EventKind::copy, &self, "", bytes);
  self.add(std::move(command));
}

void fill(BlitEncoder& self, Buffer& buffer, Range range, uint8_t value) {
  if (!self.can_encode() || !check_range(buffer, range.location, range.length) || !self.use(buffer)) return;
  if (range.length == 0) {
    report(Rule::blit_range, &self, "a fill of 0 bytes");
    return;
  }
  log_event(EventKind::fill, &self, "", range.length);
  self.add({.name = "blit fill",
            .accesses = {access_of(buffer, range.location, range.length, true)},
            .run = [out = buffer.gpu(range.location), range, value] { std::memset(out, value, range.length); }});
}

}  // namespace

Ref<BlitEncoder> new_blit_encoder(CommandBuffer& buffer) {
  if (!buffer.can_begin_encoder()) return nullptr;
  auto encoder = make<BlitEncoder>();
  begin_encoder(*encoder, buffer);
  return encoder;
}

void register_blit_encoders() {
  ClassBuilder<BlitEncoder>("MTLBlitCommandEncoder", class_of<CommandEncoder>, "P:MTLBlitCommandEncoder")
      .abstract()
      .method("copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:",
              [](BlitEncoder& self, Buffer& source, uint64_t from, Buffer& destination, uint64_t to, uint64_t bytes) {
                copy(self, source, from, destination, to, bytes);
              })
      .method("fillBuffer:range:value:",
              [](BlitEncoder& self, Buffer& buffer, Range range, uint8_t value) { fill(self, buffer, range, value); })
      .method("synchronizeResource:",
              [](BlitEncoder& self, Resource& resource) {
                if (storage_mode_of(resource.options) != StorageMode::managed) {
                  report(Rule::bad_resource_options, &resource, "only managed resources are synchronised");
                } else {
                  self.can_encode();
                }
              })
      .method("updateFence:", [](BlitEncoder& self, Fence& fence) { update_fence(self, fence); })
      .method("waitForFence:", [](BlitEncoder& self, Fence& fence) { wait_for_fence(self, fence); });
}

}  // namespace metalhost
