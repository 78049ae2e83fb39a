// What the program made the runtime do, in order: for tests that assert how often and in which sequence.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace metalhost {

enum class EventKind {
  allocate,       // memory of a buffer or heap; bytes
  deallocate,     // the same memory given back; bytes
  create,         // a queue, pipeline, library, kernel, event, residency set...
  encoder_begin,  // a compute or blit encoder
  encoder_end,
  dispatch,  // a compute dispatch was encoded; detail: the kernel
  copy,      // a blit copy was encoded; bytes
  fill,      // a blit fill was encoded; bytes
  barrier,   // an explicit barrier, fence, event wait or event signal was encoded; detail of the last two:
             // "wait for MTLSharedEvent #7 3"
  external,  // a library (MPS) encoded work; detail: its class
  commit,
  run,             // a GPU thread starts a command; detail: its name
  complete,        // a command buffer is done
  host_wait,       // the program waits for the GPU
  signpost_begin,  // of <os/signpost.h>; object: "subsystem/category", serial: the id, detail: "name: message"
  signpost_end,
  signpost_event,
};
std::string_view name_of(EventKind kind);

struct Event {
  EventKind kind;
  uint64_t order = 0;   // position in the log
  std::string object;   // "MTLBuffer #12 'weights'"
  uint64_t serial = 0;  // 12
  std::string detail;
  uint64_t bytes = 0;
};

// Starts an empty log. Nothing is recorded before.
void start_event_log();
// The events so far; stops recording.
std::vector<Event> stop_event_log();
std::vector<Event> event_log();

// Always counted.
struct Counters {
  uint64_t command_buffers = 0;  // committed
  uint64_t encoders = 0;
  uint64_t dispatches = 0;
  uint64_t externals = 0;
  uint64_t copies = 0;
  uint64_t fills = 0;
  uint64_t barriers = 0;
  uint64_t host_waits = 0;
  uint64_t creations = 0;  // of anything but buffers
  uint64_t buffers = 0;
  uint64_t buffer_bytes = 0;  // of those buffers
  uint64_t copied_bytes = 0;  // copies and fills
};
Counters counters();
void reset_counters();

}  // namespace metalhost
