#include "device/metal/command_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/fail.h"

namespace temper::metal {

CommandBatches::CommandBatches(std::shared_ptr<Gpu> gpu, int max_launches)
    : gpu_(std::move(gpu)), max_launches_(max_launches), completions_(std::make_shared<Completions>()) {
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

void CommandBatches::encode(const Launch& launch) {
  // Only closed batches are waited for, and always earlier ones: streams never wait for each other in a circle.
  for (const Dependency& other : launch.others) other.queue->submit(other.batch);
  const AutoreleaseScope scope;
  const std::lock_guard lock(mutex_);
  launch.note(open_number_);
  MTL::CommandBuffer& commands = open_commands();
  wait_for_others(commands, launch.others);
  open_.writes.insert(open_.writes.end(), launch.writes.begin(), launch.writes.end());
  if (open_.launches == 0) open_.first = launch.describe();
  launch.encode(commands);
  if (++open_.launches >= max_launches_) commit_open();
}

void CommandBatches::wait_for_others(MTL::CommandBuffer& commands, const std::vector<Dependency>& others) {
  for (const Dependency& other : others) {
    const auto known = std::ranges::find(waited_, other.queue, &Dependency::queue);
    if (known == waited_.end())
      waited_.push_back(other);
    else if (other.batch > known->batch)
      known->batch = other.batch;
    else
      continue;
    if (const auto* batches = dynamic_cast<const CommandBatches*>(other.queue.get()))
      commands.encodeWait(batches->completions_->event.get(), other.batch);
    else
      other.queue->wait(other.batch);
  }
}

MTL::CommandBuffer& CommandBatches::open_commands() {
  if (!open_.commands) {
    // Retains the resources that it uses until it has completed.
    open_.commands = Retained<MTL::CommandBuffer>::share(gpu_->queue().commandBuffer());
    if (!open_.commands) fail(ErrorCode::out_of_memory, "metal: the queue gave no command buffer");
  }
  return *open_.commands;
}

void CommandBatches::commit_open() {
  if (!open_.commands) return;
  const AutoreleaseScope scope;
  open_.number = open_number_++;
  MTL::CommandBuffer& commands = *open_.commands;
  commands.encodeSignalEvent(completions_->event.get(), open_.number);
  const std::string label = fmt::format("batch {}: {} ops from {}", open_.number, open_.launches, open_.first);
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
  waited_.clear();
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
}

std::vector<FailureHandle> CommandBatches::take_failures() {
  const std::lock_guard lock(completions_->mutex);
  return std::exchange(completions_->failures, {});
}

int64_t CommandBatches::commits() const {
  const std::lock_guard lock(mutex_);
  return commits_;
}

void CommandBatches::Completions::on_completed(uint64_t number, MTL::CommandBuffer& commands) {
  const AutoreleaseScope scope;
  Batch finished;  // its command buffer is released outside of the lock
  const std::lock_guard lock(mutex);
  finished = std::move(in_flight.front());
  in_flight.pop_front();
  TEMPER_ASSERT(finished.number == number);  // one queue completes in order
  if (commands.status() == MTL::CommandBufferStatusError) {
    const NS::Error* error = commands.error();
    const NS::String* reason = error ? error->localizedDescription() : nullptr;
    const std::string message =
        fmt::format("metal: the GPU gave up a batch of {} ops that begins with {}: {}", finished.launches,
                    finished.first, reason ? reason->utf8String() : "no reason given");
    // Other streams may read the memory before this one looks at its failures.
    const auto failure = std::make_shared<Failure>(Failure{ErrorCode::internal, message});
    for (const Write& write : finished.writes) write.failed->add(write.range, failure, nullptr);
    failures.push_back(failure);
    // A failed batch may not have signalled, and nobody must wait for ever; later ones may have, and it never goes
    // down.
    if (event->signaledValue() < number) event->setSignaledValue(number);
  }
  completed = number;
  changed.notify_all();
}

}  // namespace temper::metal
