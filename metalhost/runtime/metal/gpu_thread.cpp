#include <metalhost/runtime.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/command_buffer.h"
#include "runtime/objc/pool.h"
#include "runtime/settings.h"

namespace metalhost {
namespace {

struct Gpu {
  std::mutex mutex;
  std::vector<std::weak_ptr<GpuThread>> threads;
  uint64_t last_id = 0;
  std::atomic<bool> paused{false};
  bool has_injected_error = false;
  std::string injected_error;
};

Gpu& gpu() {
  static Gpu* instance = new Gpu;
  return *instance;
}

std::vector<std::shared_ptr<GpuThread>> all_threads() {
  std::vector<std::shared_ptr<GpuThread>> alive;
  std::lock_guard lock(gpu().mutex);
  for (auto& thread : gpu().threads) {
    if (auto strong = thread.lock()) alive.push_back(std::move(strong));
  }
  return alive;
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void set_status(CommandBuffer& buffer, CommandBufferStatus status) {
  std::lock_guard lock(buffer.mutex);
  buffer.status = status;
  buffer.changed.notify_all();
}

void fail(CommandBuffer& buffer, int64_t code, const std::string& message) {
  auto error = make_error(kCommandBufferErrorDomain, code, message);
  std::lock_guard lock(buffer.mutex);
  if (!buffer.error) buffer.error = std::move(error);
}

// One command; false when the rest must not run.
bool run_command(CommandBuffer& buffer, const Command& command) {
  log_event(EventKind::run, &buffer, command.name);
  if (std::string message; take_injected_error(message)) {
    fail(buffer, kCommandBufferErrorInternal, message);
    return false;
  }
  switch (command.kind) {
    case Command::Kind::wait:
      if (command.timeline->wait(command.value, settings().gpu_timeout_ms)) return true;
      report_from_outside(Rule::event_deadlock, describe(&buffer),
                          "waits for " + command.name + " to reach " + std::to_string(command.value) +
                              ", which nothing signals: it stays at " + std::to_string(command.timeline->value()),
                          buffer.committed_at);
      fail(buffer, kCommandBufferErrorTimeout, "timed out waiting for an event");
      return false;
    case Command::Kind::signal:
      if (!command.timeline->signal(command.value)) {
        report_from_outside(Rule::event_value, describe(&buffer),
                            command.name + " is signalled with " + std::to_string(command.value) +
                                " after it reached " + std::to_string(command.timeline->value()),
                            buffer.committed_at);
      }
      return true;
    case Command::Kind::wait_fence:
    case Command::Kind::update_fence:
      return true;  // command buffers run in order here; commit checked what fences order
    case Command::Kind::work:
      break;
  }
  try {
    if (command.run) command.run();
  } catch (const std::exception& error) {
    fail(buffer, kCommandBufferErrorInternal, command.name + ": " + error.what());
    return false;
  }
  return true;
}

void call_handlers(CommandBuffer& buffer, std::vector<Block<void(Object*)>> handlers) {
  PoolScope pool;
  for (auto& handler : handlers) handler(&buffer);
}

void run_buffer(CommandBuffer& buffer, GpuThread& thread) {
  set_status(buffer, CommandBufferStatus::scheduled);
  call_handlers(buffer, std::move(buffer.scheduled_handlers));
  double start = now_seconds();
  for (const Command& command : buffer.commands) {
    if (!run_command(buffer, command)) break;
  }
  {
    std::lock_guard lock(buffer.mutex);
    buffer.start_time = start;
    buffer.end_time = std::max(now_seconds(), start + 1e-9);
  }
  for (const Command& command : buffer.commands) {
    for (const Access& access : command.accesses) access.memory->end_uses(thread.id(), buffer.position);
  }
  thread.completed_position = buffer.position;
  for (auto& uses : buffer.unretained_uses) --*uses;
  buffer.unretained_uses.clear();
  bool failed;
  {
    std::lock_guard lock(buffer.mutex);
    failed = static_cast<bool>(buffer.error);
  }
  log_event(EventKind::complete, &buffer, failed ? "failed" : "");
  {
    std::lock_guard lock(buffer.queue->mutex);
    --buffer.queue->outstanding;
    buffer.queue->changed.notify_all();
  }
  set_status(buffer, failed ? CommandBufferStatus::error : CommandBufferStatus::completed);
  call_handlers(buffer, std::move(buffer.completed_handlers));
  {
    PoolScope pool;  // releasing may run the program's deallocators
    buffer.commands.clear();
    buffer.kept.clear();
  }
  std::lock_guard lock(buffer.mutex);
  buffer.handlers_done = true;
  buffer.changed.notify_all();
}

}  // namespace

std::shared_ptr<GpuThread> GpuThread::start() {
  auto thread = std::make_shared<GpuThread>();
  {
    std::lock_guard lock(gpu().mutex);
    thread->id_ = ++gpu().last_id;
    std::erase_if(gpu().threads, [](auto& other) { return other.expired(); });
    gpu().threads.push_back(thread);
  }
  // The thread owns itself while it runs: its last command buffer may hold the last reference to the queue.
  thread->thread_ = std::thread([thread] { thread->loop(); });
  return thread;
}

void GpuThread::stop(const std::shared_ptr<GpuThread>& gpu) {
  {
    std::lock_guard lock(gpu->mutex_);
    gpu->stopping_ = true;
    gpu->changed_.notify_all();
  }
  if (gpu->is_this_thread()) {
    gpu->thread_.detach();
  } else {
    gpu->thread_.join();
  }
}

void GpuThread::enqueue(CommandBuffer& buffer) {
  std::lock_guard lock(mutex_);
  entries_.push_back({&buffer, false});
}

void GpuThread::commit(CommandBuffer& buffer) {
  retain(&buffer);
  std::lock_guard lock(mutex_);
  auto entry = std::find_if(entries_.begin(), entries_.end(), [&](auto& other) { return other.buffer == &buffer; });
  if (entry == entries_.end()) {
    entries_.push_back({&buffer, true});
  } else {
    entry->committed = true;
  }
  changed_.notify_all();
}

void GpuThread::abandon(CommandBuffer& buffer) {
  std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](auto& entry) { return entry.buffer == &buffer; });
  changed_.notify_all();
}

void GpuThread::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !busy_ && (entries_.empty() || !entries_.front().committed); });
}

void GpuThread::wake() {
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void GpuThread::loop() {
  for (;;) {
    Ref<CommandBuffer> buffer;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] {
        bool ready = !entries_.empty() && entries_.front().committed && !gpu().paused;
        return ready || (stopping_ && entries_.empty());
      });
      if (entries_.empty()) return;
      buffer = Ref<CommandBuffer>::adopt(entries_.front().buffer);
      entries_.pop_front();
      busy_ = true;
    }
    run_buffer(*buffer, *this);
    current_send = {};
    buffer = nullptr;
    std::lock_guard lock(mutex_);
    busy_ = false;
    changed_.notify_all();
  }
}

bool take_injected_error(std::string& message) {
  std::lock_guard lock(gpu().mutex);
  if (!gpu().has_injected_error) return false;
  gpu().has_injected_error = false;
  message = std::move(gpu().injected_error);
  return true;
}

void inject_gpu_error(std::string message) {
  std::lock_guard lock(gpu().mutex);
  gpu().has_injected_error = true;
  gpu().injected_error = std::move(message);
}

void pause_gpu() {
  gpu().paused = true;
}

void resume_gpu() {
  gpu().paused = false;
  for (auto& thread : all_threads()) thread->wake();
}

void drain_queues() {
  resume_gpu();
  for (auto& thread : all_threads()) thread->wait_until_idle();
}

}  // namespace metalhost
