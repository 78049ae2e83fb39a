#include "runtime/metal/encoder.h"

#include <fmt/format.h>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"

namespace metalhost {
namespace {

void end_encoding(CommandEncoder& self) {
  if (!self.can_encode()) return;
  self.ended = true;
  self.command_buffer->open_encoder = nullptr;
  log_event(EventKind::encoder_end, &self, "");
  if (self.debug_groups > 0) report(Rule::debug_groups, &self, "endEncoding with a debug group still pushed");
}

void pop_debug_group(CommandEncoder& self) {
  if (self.debug_groups == 0) {
    report(Rule::debug_groups, &self, "popDebugGroup without a pushDebugGroup");
  } else {
    --self.debug_groups;
  }
}

}  // namespace

CommandEncoder::~CommandEncoder() {
  if (!command_buffer || ended) return;
  report(Rule::open_encoder, this, "deallocated without endEncoding");
  command_buffer->open_encoder = nullptr;
}

bool CommandEncoder::can_encode() {
  if (!ended) return true;
  report(Rule::encode_after_end, this, "endEncoding was called: begin a new encoder");
  return false;
}

bool CommandEncoder::use(Buffer& buffer) {
  if (!check_same_device(buffer, buffer.device, command_buffer->device())) return false;
  command_buffer->keep(&buffer);
  return true;
}

void CommandEncoder::add(Command command) {
  command.encoder = serial;
  command_buffer->add(std::move(command));
}

void begin_encoder(CommandEncoder& encoder, CommandBuffer& buffer) {
  encoder.command_buffer = Ref<CommandBuffer>(&buffer);
  buffer.open_encoder = &encoder;
  log_event(EventKind::encoder_begin, &encoder, "");
}

bool check_range(const Buffer& buffer, uint64_t offset, uint64_t bytes) {
  if (bytes <= buffer.length && offset <= buffer.length - bytes) return true;
  report(Rule::buffer_range, &buffer,
         fmt::format("{} bytes at offset {} end past its {} bytes", bytes, offset, buffer.length));
  return false;
}

void register_encoders() {
  ClassBuilder<CommandEncoder>("MTLCommandEncoder", root_class(), "P:MTLCommandEncoder")
      .abstract()
      .method("device", [](CommandEncoder& self) { return self.command_buffer->device(); })
      .method("label", [](CommandEncoder& self) { return make_string(self.label); })
      .method("setLabel:", [](CommandEncoder& self, String* label) { self.label = text_of(label); })
      .method("endEncoding", [](CommandEncoder& self) { end_encoding(self); })
      .method("insertDebugSignpost:", [](CommandEncoder&, String&) {})
      .method("pushDebugGroup:", [](CommandEncoder& self, String&) { ++self.debug_groups; })
      .method("popDebugGroup", [](CommandEncoder& self) { pop_debug_group(self); });
}

}  // namespace metalhost
