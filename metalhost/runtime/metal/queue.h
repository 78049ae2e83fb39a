// MTLCommandQueue, and the thread that stands for the GPU behind it.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/metal/device.h"
#include "runtime/metal/pass_order.h"
#include "runtime/metal/timeline.h"

namespace metalhost {

struct CommandBuffer;

// Runs command buffers in the order they were enqueued, each once it is committed.
class GpuThread {
 public:
  static std::shared_ptr<GpuThread> start();
  // Finishes what is committed, then ends the thread. May be called by that thread.
  static void stop(const std::shared_ptr<GpuThread>& gpu);

  uint64_t id() const { return id_; }
  bool is_this_thread() const { return thread_.get_id() == std::this_thread::get_id(); }
  void enqueue(CommandBuffer& buffer);
  void commit(CommandBuffer& buffer);
  void abandon(CommandBuffer& buffer);  // an enqueued one that dies uncommitted
  void wait_until_idle();
  void wake();

  // What this queue's next command buffer is known to come after; see Timeline.
  Clock clock;
  uint64_t last_position = 0;
  std::atomic<uint64_t> completed_position{0};
  PassOrder passes;

 private:
  struct Entry {
    CommandBuffer* buffer;  // owned once committed
    bool committed;
  };
  void loop();

  uint64_t id_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> entries_;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

struct CommandQueue : Object {
  Device* device = nullptr;
  std::string label;
  uint64_t max_command_buffers = 64;
  std::shared_ptr<GpuThread> gpu;
  std::vector<Ref<Object>> residency_sets;

  // Command buffers made and not yet completed, and of these the uncommitted.
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t outstanding = 0;
  uint64_t uncommitted = 0;

  std::string label_text() const { return label; }
  ~CommandQueue();
};

Ref<CommandQueue> new_command_queue(Device& device, uint64_t max_command_buffers);

// Makes the next command that a GPU thread runs fail.
bool take_injected_error(std::string& message);

void register_queues();

}  // namespace metalhost
