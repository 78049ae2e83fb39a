#include "runtime/events/log.h"

#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "runtime/checks/report.h"

namespace metalhost {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "allocate", "deallocate", "create",         "encoder_begin", "encoder_end",   "dispatch",
    "copy",     "fill",       "barrier",        "external",      "commit",        "run",
    "complete", "host_wait",  "signpost_begin", "signpost_end",  "signpost_event"};

struct Log {
  std::array<std::atomic<uint64_t>, kNames.size()> count{};
  std::array<std::atomic<uint64_t>, kNames.size()> bytes{};
  std::atomic<bool> recording{false};
  std::mutex mutex;
  std::vector<Event> events;
};

Log& log() {
  static Log* instance = new Log;
  return *instance;
}

void append(Event event) {
  std::lock_guard lock(log().mutex);
  event.order = log().events.size();
  log().events.push_back(std::move(event));
}

}  // namespace

std::string_view name_of(EventKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

void log_event(EventKind kind, const Object* object, std::string detail, uint64_t bytes) {
  auto index = static_cast<std::size_t>(kind);
  log().count[index].fetch_add(1, std::memory_order_relaxed);
  log().bytes[index].fetch_add(bytes, std::memory_order_relaxed);
  if (!log().recording.load(std::memory_order_relaxed)) return;
  append({kind, 0, describe(object), object ? object->serial : 0, std::move(detail), bytes});
}

void log_signpost(EventKind kind, std::string name, uint64_t id, std::string detail) {
  if (log().recording.load(std::memory_order_relaxed)) append({kind, 0, std::move(name), id, std::move(detail), 0});
}

void start_event_log() {
  std::lock_guard lock(log().mutex);
  log().events.clear();
  log().recording = true;
}

std::vector<Event> stop_event_log() {
  std::lock_guard lock(log().mutex);
  log().recording = false;
  return std::exchange(log().events, {});
}

std::vector<Event> event_log() {
  std::lock_guard lock(log().mutex);
  return log().events;
}

Counters counters() {
  auto count = [](EventKind kind) { return log().count[static_cast<std::size_t>(kind)].load(); };
  auto bytes = [](EventKind kind) { return log().bytes[static_cast<std::size_t>(kind)].load(); };
  return {.command_buffers = count(EventKind::commit),
          .encoders = count(EventKind::encoder_begin),
          .dispatches = count(EventKind::dispatch),
          .externals = count(EventKind::external),
          .copies = count(EventKind::copy),
          .fills = count(EventKind::fill),
          .barriers = count(EventKind::barrier),
          .host_waits = count(EventKind::host_wait),
          .creations = count(EventKind::create),
          .buffers = count(EventKind::allocate),
          .buffer_bytes = bytes(EventKind::allocate),
          .copied_bytes = bytes(EventKind::copy) + bytes(EventKind::fill)};
}

void reset_counters() {
  for (auto& count : log().count) count = 0;
  for (auto& bytes : log().bytes) bytes = 0;
}

}  // namespace metalhost
