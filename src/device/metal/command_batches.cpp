#include "device/metal/command_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fail.h"

namespace temper::metal {

CommandBatches::CommandBatches(std::shared_ptr<Gpu> gpu, const Limits& limits, HazardKinds hazards,
                               std::shared_ptr<AsyncErrors> errors)
    : gpu_(std::move(gpu)), limits_(limits), completions_(std::make_shared<Completions>()), hazards_(hazards) {
  completions_->errors = std::move(errors);
  completions_->event = Retained<MTL::SharedEvent>::adopt(gpu_->device().newSharedEvent());
}

CommandBatches::~CommandBatches() {
  finish();
}

bool CommandBatches::done(uint64_t batch) const {
  const std::lock_guard lock(completions_->mutex);
  return batch <= completions_->completed;
}

void CommandBatches::submit(uint64_t batch) {
  const std::lock_guard lock(mutex_);
  if (batch == open_number_) commit_open();
}

void CommandBatches::wait(uint64_t batch) {
  submit(batch);
  wait_until_completed(batch);
}

void CommandBatches::wait_until_completed(uint64_t batch) {
  std::unique_lock lock(completions_->mutex);
  if (batch <= completions_->completed) return;
  const Signpost signpost(Signpost::Kind::wait, "for the GPU");
  completions_->changed.wait(lock, [&] { return batch <= completions_->completed; });
}

void CommandBatches::encode(const Launch& launch, FunctionRef<void(MTL::CommandBuffer&, FaultPlace)> encode) {
  // Only closed batches are waited for, and always earlier ones: streams never wait for each other in a circle.
  for (const Dependency& other : launch.others) other.queue->submit(other.batch);
  release_retired();
  const AutoreleaseScope scope;
  const std::lock_guard lock(mutex_);
  begin(launch);
  end_compute();
  encode(*open_.commands, launch.checked ? next_record() : FaultPlace{});
  end_launch(launch);
}

CommandBatches::Opened CommandBatches::encode(const Launch& launch, const Ranges& ranges,
                                              FunctionRef<void(MTL::ComputeCommandEncoder&, FaultPlace)> encode) {
  for (const Dependency& other : launch.others) other.queue->submit(other.batch);
  release_retired();
  const AutoreleaseScope scope;
  const std::lock_guard lock(mutex_);
  begin(launch);
  Opened opened;
  if (!open_.compute) {
    open_.compute =
        Retained<MTL::ComputeCommandEncoder>::share(open_.commands->computeCommandEncoder(MTL::DispatchTypeConcurrent));
    if (!open_.compute) fail(ErrorCode::out_of_memory, "metal: the command buffer gave no compute encoder");
    opened.encoder = true;
  }
  if (hazards_.conflicts(ranges.reads, ranges.writes)) {
    open_.compute->memoryBarrier(MTL::BarrierScopeBuffers);
    hazards_.clear();
    opened.barrier = true;
  }
  hazards_.note(ranges.reads, ranges.writes);
  encode(*open_.compute, launch.checked ? next_record() : FaultPlace{});
  end_launch(launch);
  return opened;
}

void CommandBatches::begin(const Launch& launch) {
  launch.note(open_number_);
  MTL::CommandBuffer& commands = open_commands();
  wait_for_others(commands, launch.others);
}

void CommandBatches::end_launch(const Launch& launch) {
  launch.log(open_.log);
  open_.bytes += launch.bytes;
  if (open_.log.launches() >= static_cast<size_t>(limits_.launches) || open_.bytes >= limits_.bytes) commit_open();
}

FaultPlace CommandBatches::next_record() {
  if (!open_.records) {
    const std::lock_guard lock(completions_->mutex);
    if (auto& spare = completions_->spare_records; !spare.empty()) {
      open_.records = std::move(spare.back());
      spare.pop_back();
    }
  }
  if (!open_.records) {
    const size_t bytes = static_cast<size_t>(limits_.launches) * sizeof(FaultRecord);
    open_.records = gpu_->new_buffer(bytes, "fault records");
    if (!open_.records) fail(ErrorCode::out_of_memory, "metal: no memory for fault records");
    std::memset(open_.records->contents(), 0, bytes);
  }
  return {open_.records.get(), open_.log.records() * sizeof(FaultRecord)};
}

void CommandBatches::end_compute() {
  if (!open_.compute) return;
  open_.compute->endEncoding();
  open_.compute = {};
  hazards_.clear();  // Metal orders encoders by the buffers they touch
}

void CommandBatches::wait_for_others(MTL::CommandBuffer& commands, const std::vector<Dependency>& others) {
  for (const Dependency& other : others) {
    const auto known = std::ranges::find(open_.waits, other.queue, &Dependency::queue);
    if (known == open_.waits.end())
      open_.waits.push_back(other);
    else if (other.batch > known->batch)
      known->batch = other.batch;
    else
      continue;
    end_compute();
    auto* batches = dynamic_cast<CommandBatches*>(other.queue.get());
    if (!batches)
      other.queue->wait(other.batch);
    else if (batches->gpu_ == gpu_)
      commands.encodeWait(&batches->event(), other.batch);
    else
      batches->wait_until_completed(other.batch);  // handlers of two queues come in any order
  }
}

MTL::CommandBuffer& CommandBatches::open_commands() {
  if (!open_.commands) {
    // Retains the resources that it uses until it has completed.
    open_.commands = Retained<MTL::CommandBuffer>::share(gpu_->queue().commandBuffer());
    if (!open_.commands) fail(ErrorCode::out_of_memory, "metal: the queue gave no command buffer");
    const std::lock_guard lock(completions_->mutex);
    if (auto& spare = completions_->spare_logs; !spare.empty()) {
      open_.log = std::move(spare.back());
      spare.pop_back();
    }
  }
  return *open_.commands;
}

void CommandBatches::commit_open() {
  if (!open_.commands) return;
  const AutoreleaseScope scope;
  end_compute();
  open_.number = open_number_++;
  MTL::CommandBuffer& commands = *open_.commands;
  commands.encodeSignalEvent(completions_->event.get(), open_.number);
  const std::string label =
      fmt::format("batch {}: {} ops from {}", open_.number, open_.log.launches(), open_.log.describe_first());
  commands.setLabel(text(label));
  open_.signpost = Signpost(Signpost::Kind::batch, label);
  const MTL::HandlerFunction handler = [completions = completions_, number = open_.number](MTL::CommandBuffer* done) {
    completions->on_completed(number, *done);
  };
  commands.addCompletedHandler(handler);
  {
    const std::lock_guard lock(completions_->mutex);
    completions_->in_flight.push_back(std::exchange(open_, {}));
  }
  commands.commit();
  ++commits_;
}

void CommandBatches::commit() {
  const std::lock_guard lock(mutex_);
  commit_open();
}

void CommandBatches::finish() {
  uint64_t last = 0;
  {
    const std::lock_guard lock(mutex_);
    commit_open();
    last = open_number_ - 1;
  }
  wait_until_completed(last);
  release_retired();
}

void CommandBatches::release_retired() {
  // Released outside of the lock: memory asks whether batches are done.
  std::vector<FaultCheck> retired;
  std::vector<Dependency> retired_waits;
  const std::lock_guard lock(completions_->mutex);
  std::swap(retired, completions_->retired);
  std::swap(retired_waits, completions_->retired_waits);
}

int64_t CommandBatches::commits() const {
  const std::lock_guard lock(mutex_);
  return commits_;
}

double CommandBatches::gpu_seconds() const {
  const std::lock_guard lock(completions_->mutex);
  return completions_->gpu_seconds;
}

FailureHandle CommandBatches::Completions::failure_of(const Batch& finished, MTL::CommandBuffer& commands) const {
  const auto failure = [&](std::string_view what, std::string_view why) {
    return std::make_shared<Failure>(
        Failure{ErrorCode::internal, fmt::format("metal: {} a batch of {} ops that begins with {}: {}", what,
                                                 finished.log.launches(), finished.log.describe_first(), why)});
  };
  if (commands.status() == MTL::CommandBufferStatusError) {
    const NS::Error* error = commands.error();
    const NS::String* reason = error ? error->localizedDescription() : nullptr;
    return failure("the GPU gave up", reason ? reason->utf8String() : "no reason given");
  }
  // One queue completes in order, so what this batch read has been looked at, and is marked if it has failed.
  for (const Dependency& wait : finished.waits)
    if (!wait.queue->done(wait.batch))
      return failure("out of order,", "it was reported done before work of another stream that it waited for");
  return nullptr;
}

void CommandBatches::Completions::on_completed(uint64_t number, MTL::CommandBuffer& commands) {
  const AutoreleaseScope scope;
  Batch finished;  // its command buffer is released outside of the lock
  {
    const std::lock_guard lock(mutex);
    finished = std::move(in_flight.front());
    in_flight.pop_front();
  }
  TEMPER_ASSERT(finished.number == number);                      // one queue completes in order
  const FailureHandle failure = failure_of(finished, commands);  // looks at other streams, which may look at this one
  const std::lock_guard lock(mutex);
  const std::span<FaultRecord> records =
      finished.records ? std::span(static_cast<FaultRecord*>(finished.records->contents()), finished.log.records())
                       : std::span<FaultRecord>();
  if (failure)
    finished.log.settle_failed(failure, *errors);
  else
    finished.log.settle(records, *errors);
  // A failed batch may not have signalled, and nobody must wait for ever. A later one that the GPU signals between this
  // look and the next line is taken down again, and raised when its own handler comes here: so every batch looks.
  if (event->signaledValue() < number) event->setSignaledValue(number);
  gpu_seconds += commands.GPUEndTime() - commands.GPUStartTime();
  // Other streams may read what the batch wrote from here on.
  std::ranges::fill(records, FaultRecord{});
  if (finished.records) spare_records.push_back(std::move(finished.records));
  finished.log.clear(retired);
  retired_waits.insert(retired_waits.end(), std::make_move_iterator(finished.waits.begin()),
                       std::make_move_iterator(finished.waits.end()));
  finished.waits.clear();
  spare_logs.push_back(std::move(finished.log));
  completed = number;
  changed.notify_all();
}

}  // namespace temper::metal
