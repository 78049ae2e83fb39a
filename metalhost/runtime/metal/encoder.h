// MTLCommandEncoder: what compute and blit encoders share.
#pragma once
#include "runtime/metal/command_buffer.h"
#include "runtime/metal/event.h"
#include "runtime/objc/define.h"

namespace metalhost {

struct CommandEncoder : SingleThreaded {
  Ref<CommandBuffer> command_buffer;
  std::string label;
  bool ended = false;
  int debug_groups = 0;

  std::string label_text() const { return label; }
  ~CommandEncoder();

  // Says no, with a report, after endEncoding.
  bool can_encode();
  // A buffer that is used from this command buffer's device, and kept by it. False after a report.
  bool use(Buffer& buffer);
  // Puts a command into the command buffer, as part of this encoder's pass.
  void add(Command command);
};

// Makes an encoder the open one of its command buffer.
void begin_encoder(CommandEncoder& encoder, CommandBuffer& buffer);
// Whether `bytes` from `offset` lie inside a buffer; reports if not.
bool check_range(const Buffer& buffer, uint64_t offset, uint64_t bytes);

void register_encoders();

}  // namespace metalhost
