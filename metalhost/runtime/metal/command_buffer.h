// MTLCommandBuffer.
#pragma once
#include <condition_variable>

#include "runtime/foundation/error.h"
#include "runtime/metal/command.h"
#include "runtime/metal/queue.h"

namespace metalhost {

struct CommandEncoder;

struct CommandBuffer : Object {
  Ref<CommandQueue> queue;
  std::string label;
  bool retains = true;
  CommandEncoder* open_encoder = nullptr;
  std::vector<Command> commands;
  std::vector<Ref<Object>> kept;
  std::vector<std::shared_ptr<std::atomic<int>>> unretained_uses;
  std::vector<Block<void(Object*)>> scheduled_handlers;
  std::vector<Block<void(Object*)>> completed_handlers;
  int debug_groups = 0;
  uint64_t position = 0;  // in its queue, once committed
  CallSite committed_at = nullptr;

  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  CommandBufferStatus status = CommandBufferStatus::not_enqueued;
  bool handlers_done = false;
  Ref<Error> error;
  double start_time = 0;
  double end_time = 0;

  std::string label_text() const { return label; }
  ~CommandBuffer();

  Device* device() const { return queue->device; }
  CommandBufferStatus current_status();

  // Says no, with a report, when nothing more may be encoded.
  bool can_encode();
  // The same for an encoder or a library that encodes by itself: no other encoder may be open.
  bool can_begin_encoder();
  // Keeps what a command uses alive until it is done; an unretained command buffer only notes the use.
  void keep(Object* object);
  void add(Command command);

  // For libraries such as MPS: a command of its own, after all encoders so far. `objects` are kept. False after a
  // report.
  bool add_external(const char* library, std::vector<Object*> objects, Command command);
};

void register_command_buffers();

}  // namespace metalhost
