#include "runtime/metal/commit.h"

#include <fmt/format.h>

#include <optional>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/objc/send.h"

namespace metalhost {
namespace {

// Command buffers enter flight one at a time, so that each is compared with all that entered before.
std::mutex& flight_mutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

struct Findings {
  std::optional<std::string> queue_race;      // with command buffers of other queues, without an event in between
  std::optional<std::string> untracked_race;  // of passes on an untracked resource
};

// Marks the bytes of a command buffer as in flight, after comparing them with what is in flight already.
Findings enter_flight(CommandBuffer& buffer) {
  GpuThread& gpu = *buffer.queue->gpu;
  buffer.position = ++gpu.last_position;
  bool order_known = true;
  Findings found;
  auto& race = found.queue_race;
  for (const Command& command : buffer.commands) {
    if (command.kind == Command::Kind::wait) {
      if (auto order = command.timeline->order_at(command.value)) {
        merge(gpu.clock, *order);
      } else {
        order_known = false;  // signalled later, or by the program
      }
    } else if (command.kind == Command::Kind::signal) {
      Clock clock = gpu.clock;
      clock[gpu.id()] = buffer.position;
      command.timeline->record_order(command.value, std::move(clock));
      command.timeline->promise(command.value);
    }
    for (const Access& access : command.accesses) {
      auto ordered = [&](const MemoryUse& use) {
        return !order_known || use.queue == gpu.id() || use.position <= gpu.clock[use.queue];
      };
      auto describe_race = [&](const MemoryUse& use) {
        race = fmt::format("{} {} bytes {}..{} of {} while {} of another queue {} them: order the queues with an event",
                           command.name, access.writes ? "writes" : "reads", access.begin, access.end, access.object,
                           use.command, use.writes ? "writes" : "reads");
      };
      if (!race) access.memory->find_conflict(access.begin, access.end, access.writes, ordered, describe_race);
    }
  }
  for (const Command& command : buffer.commands) {
    for (const Access& access : command.accesses) {
      access.memory->begin_use(
          {access.begin, access.end, access.writes, gpu.id(), buffer.position, access.object, command.name});
    }
  }
  found.untracked_race = gpu.passes.enter(buffer.commands, gpu.id(), buffer.position, gpu.completed_position);
  return found;
}

}  // namespace

void commit(CommandBuffer& buffer) {
  if (buffer.current_status() >= CommandBufferStatus::committed) {
    report(Rule::double_commit, &buffer, "it was committed before: begin a new command buffer for each commit");
    return;
  }
  if (!buffer.can_begin_encoder()) return;
  buffer.committed_at = current_send.site;
  {
    std::lock_guard lock(buffer.mutex);
    buffer.status = CommandBufferStatus::committed;
  }
  {
    std::lock_guard lock(buffer.queue->mutex);
    --buffer.queue->uncommitted;
  }
  log_event(EventKind::commit, &buffer, "");
  Findings found;
  {
    std::lock_guard lock(flight_mutex());
    found = enter_flight(buffer);
    buffer.queue->gpu->commit(buffer);
  }
  if (found.queue_race) report(Rule::queue_race, &buffer, *found.queue_race);
  if (found.untracked_race) report(Rule::untracked_race, &buffer, *found.untracked_race);
}

}  // namespace metalhost
