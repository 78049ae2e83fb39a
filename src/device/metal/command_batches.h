#pragma once

#include <Metal/Metal.hpp>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "device/failures.h"
#include "device/hazards.h"
#include "device/launch_log.h"
#include "device/metal/gpu.h"
#include "device/metal/signposts.h"
#include "device/metal/stream.h"
#include "device/pending_uses.h"

namespace temper::metal {

/// The command buffers of one stream, as numbered batches. Each ends by signalling the stream's shared event with its
/// number, which is what other streams wait for on the GPU. Thread-safe; outlives its stream.
class CommandBatches final : public WorkQueue {
 public:
  /// What fills a batch: it is committed without being asked.
  struct Limits {
    int launches = 0;
    int64_t bytes = 0;  ///< that its launches read and write
  };
  /// `errors`: where errors of batches go once they are done.
  CommandBatches(std::shared_ptr<Gpu> gpu, const Limits& limits, HazardKinds hazards,
                 std::shared_ptr<AsyncErrors> errors);
  ~CommandBatches() override;

  bool done(uint64_t batch) const override;
  void submit(uint64_t batch) override;
  void wait(uint64_t batch) override;

  /// What an op adds to the open batch.
  struct Launch {
    std::vector<Dependency> others;          // batches of other queues that come first
    FunctionRef<void(uint64_t batch)> note;  // called with the batch's number before anything is encoded
    FunctionRef<void(LaunchLog&)> log;       // called once it has been encoded
    int64_t bytes = 0;                       // that it reads and writes
    bool checked = false;                    // wants a FaultPlace
  };
  /// An op that opens encoders of its own in the command buffer.
  void encode(const Launch& launch, FunctionRef<void(MTL::CommandBuffer&, FaultPlace)> encode);
  struct Ranges {
    std::vector<MemoryRange> reads, writes;
  };
  struct Opened {
    bool encoder = false;
    bool barrier = false;
  };
  /// An op in the batch's concurrent compute encoder, behind a barrier if it conflicts by byte range with an op since
  /// the last one.
  Opened encode(const Launch& launch, const Ranges& ranges,
                FunctionRef<void(MTL::ComputeCommandEncoder&, FaultPlace)> encode);
  /// Hands over the open batch.
  void commit();
  /// Commits and waits until everything is done.
  void finish();

  /// What other streams wait for: its value is the number of the last batch that is done.
  MTL::SharedEvent& event() const { return *completions_->event; }
  int64_t commits() const;
  /// The GPU's time for the batches that are done.
  double gpu_seconds() const;

 private:
  struct Batch {
    uint64_t number = 0;
    Retained<MTL::CommandBuffer> commands;
    Retained<MTL::ComputeCommandEncoder> compute;  // while it is open
    LaunchLog log;
    Retained<MTL::Buffer> records;  // FaultRecords of the launches with a check, if there are any
    int64_t bytes = 0;
    std::vector<Dependency> waits;  // the last batch of each queue that it waits for
    Signpost signpost = {};         // from commit to completion
  };
  /// What completion handlers touch: they may run after the stream is gone.
  struct Completions {
    std::mutex mutex;
    std::condition_variable changed;
    uint64_t completed = 0;
    double gpu_seconds = 0;
    std::deque<Batch> in_flight;
    std::shared_ptr<AsyncErrors> errors;
    // Of batches that are done: releasing memory and queues may wait, a handler must not.
    std::vector<FaultCheck> retired;
    std::vector<Dependency> retired_waits;
    // Of batches that are done, for the next ones.
    std::vector<LaunchLog> spare_logs;
    std::vector<Retained<MTL::Buffer>> spare_records;
    Retained<MTL::SharedEvent> event;

    void on_completed(uint64_t number, MTL::CommandBuffer& commands);
    /// Why the batch's results can't be trusted, or null.
    FailureHandle failure_of(const Batch& finished, MTL::CommandBuffer& commands) const;
  };

  void wait_until_completed(uint64_t batch);
  void release_retired();
  // With the mutex held.
  MTL::CommandBuffer& open_commands();
  FaultPlace next_record();
  void begin(const Launch& launch);
  void end_compute();
  void end_launch(const Launch& launch);
  void commit_open();
  void wait_for_others(MTL::CommandBuffer& commands, const std::vector<Dependency>& others);

  std::shared_ptr<Gpu> gpu_;
  Limits limits_;
  std::shared_ptr<Completions> completions_;
  mutable std::mutex mutex_;  // of the open batch
  Batch open_;
  HazardTracker hazards_;     // of the open compute encoder
  uint64_t open_number_ = 1;  // batches count from 1
  int64_t commits_ = 0;
};

}  // namespace temper::metal
