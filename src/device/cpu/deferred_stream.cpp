// Deferred execution: a GPU's behaviour on the CPU. Launches are encoded into segments, cut where the hazard tracker
// asks for a barrier; a committed batch runs on another thread, each segment in submission order or shuffled. Fresh
// outputs and released memory are filled with NaN in the same order a GPU's reuse would overwrite them. Memory that
// another stream's queue still uses makes the batch wait for that queue's batch, as a GPU waits for an event.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/fail.h"
#include "base/philox.h"
#include "device/cpu/stream.h"

namespace temper::cpu {
namespace {

constexpr int kPoison = 0xff;  // NaN in every floating type

struct Launch {
  std::string op = {};
  std::vector<TensorSpec> input_specs = {};
  std::vector<Access> reads = {}, writes = {};
  std::vector<std::shared_ptr<FailedRanges>> failed =
      {};                                              // of reads and writes: buffers may be gone when the launch runs
  std::vector<MemoryRange> fresh = {};                 // outputs nobody has written yet
  std::vector<std::shared_ptr<Buffer>> imported = {};  // memory of others must outlive the launch
  Body body = {};
  CheckedBody checked = {};  // instead of `body`
  FaultMessage fault_message = {};
  uint64_t number = 0;
};

struct Segment {
  std::vector<MemoryRange> released;  // filled with NaN before the launches
  std::vector<Dependency> others;     // batches of other queues that the launches depend on
  std::vector<Launch> launches;
};

std::vector<MemoryRange> ranges_of(const std::vector<Access>& accesses) {
  std::vector<MemoryRange> ranges;
  for (const Access& access : accesses) ranges.push_back(access.range);
  return ranges;
}

void fill_with_poison(const MemoryRange& range) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): ranges are addresses, compared and cut
  std::memset(reinterpret_cast<void*>(range.begin), kPoison, range.end - range.begin);
}

/// The batches of one deferred stream and the thread that runs them.
class DeferredQueue final : public WorkQueue, public ReleaseObserver {
 public:
  DeferredQueue(std::shared_ptr<ThreadPool> threads, const StreamOptions& options)
      : threads_(std::move(threads)),
        scratch_(threads_->threads()),
        options_(options),
        hazards_(options.hazards),
        runner_([this] { run_batches(); }) {}

  /// Runs what is left; afterwards every batch is done.
  void close() {
    {
      std::lock_guard lock(mutex_);
      commit_open();
      stop_ = true;
    }
    changed_.notify_all();
    runner_.join();
    closed_.store(true, std::memory_order_release);
  }

  bool done(uint64_t batch) const override {
    return batch <= completed_.load(std::memory_order_acquire) || closed_.load(std::memory_order_acquire);
  }

  void submit(uint64_t batch) override {
    std::lock_guard lock(mutex_);
    if (batch == open_number_) commit_open();
  }

  void wait(uint64_t batch) override {
    std::unique_lock lock(mutex_);
    if (batch == open_number_) commit_open();
    changed_.wait(lock, [&] { return done(batch); });
  }

  struct Encoded {
    uint64_t batch;
    bool barrier;
  };
  /// Adds a launch to the open batch.
  Encoded encode(Launch launch, std::vector<Dependency> others) {
    // Only closed batches are waited for, and always earlier ones: queues never wait for each other in a circle.
    for (const Dependency& other : others) other.queue->submit(other.batch);
    const std::vector<MemoryRange> reads = ranges_of(launch.reads), writes = ranges_of(launch.writes);
    std::lock_guard lock(mutex_);
    Encoded encoded{open_number_, hazards_.conflicts(reads, writes)};
    if (encoded.barrier) {
      hazards_.clear();
      open_.push_back({std::exchange(released_after_segment_, {}), {}, {}});
    }
    hazards_.note(reads, writes);
    Segment& segment = open_.back();
    segment.others.insert(segment.others.end(), std::make_move_iterator(others.begin()),
                          std::make_move_iterator(others.end()));
    launch.number = ++launches_;
    segment.launches.push_back(std::move(launch));
    for (const auto* ranges : {&reads, &writes})
      for (const MemoryRange& range : *ranges) open_bytes_ += static_cast<int64_t>(range.end - range.begin);
    if (++open_launches_ >= options_.max_batch_launches || open_bytes_ >= options_.max_batch_bytes) commit_open();
    return encoded;
  }

  void commit() {
    std::lock_guard lock(mutex_);
    commit_open();
  }

  /// Commits and waits; returns the error kept.
  FailureHandle wait_for_all() {
    std::unique_lock lock(mutex_);
    commit_open();
    changed_.wait(lock, [&] { return queued_.empty() && !running_; });
    return errors_.take();
  }

  int64_t scratch_bytes() const { return scratch_.bytes(); }

  int64_t commits() const {
    std::lock_guard lock(mutex_);
    return commits_;
  }

  // Called by the pool, on whichever thread dropped the last reference.
  void on_release(std::byte* data, size_t bytes, std::span<const QueueUse> uses) override {
    if (!options_.poison_memory) return;
    // Another queue still uses the memory: it can't be filled now, and its next owner's first launch will fill it.
    if (std::ranges::any_of(uses, [&](const QueueUse& use) { return use.queue.get() != this; })) return;
    const auto begin = reinterpret_cast<uintptr_t>(data);
    const MemoryRange range{0, begin, begin + bytes};
    std::lock_guard lock(mutex_);
    // Work of the open segment may still use the memory; a new owner's first write would then conflict and start a new
    // segment, so the fill waits for that. Otherwise the last use lies before the open segment.
    (hazards_.touches(range) ? released_after_segment_ : open_.back().released).push_back(range);
  }

 private:
  using Batch = std::vector<Segment>;

  // With the mutex held.
  void commit_open() {
    if (open_launches_ == 0) return;
    queued_.push_back(std::exchange(open_, Batch(1)));
    open_launches_ = 0;
    open_bytes_ = 0;
    ++open_number_;
    hazards_.clear();  // batches run one after the other
    // Memory released before the next batch begins is filled in its first segment, after everything committed.
    open_.back().released = std::exchange(released_after_segment_, {});
    ++commits_;
    changed_.notify_all();
  }

  void run_batches() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stop_ || !queued_.empty(); });
      if (queued_.empty()) return;
      Batch batch = std::move(queued_.front());
      queued_.pop_front();
      running_ = true;
      lock.unlock();
      for (Segment& segment : batch) run_segment(segment);
      batch.clear();
      lock.lock();
      running_ = false;
      completed_.fetch_add(1, std::memory_order_release);
      changed_.notify_all();
    }
  }

  void run_segment(Segment& segment) {
    for (const Dependency& other : segment.others) other.queue->wait(other.batch);
    for (const MemoryRange& range : segment.released) fill_with_poison(range);
    if (options_.shuffle_seed) {
      // Fisher-Yates with a Philox draw a position: the same orders on every machine.
      const RngKey key{*options_.shuffle_seed, segment_count_++, 0};
      for (size_t i = segment.launches.size(); i > 1; --i)
        std::swap(segment.launches[i - 1], segment.launches[key.draw(i)[0] % i]);
    }
    for (Launch& launch : segment.launches) {
      for (const MemoryRange& range : launch.fresh) fill_with_poison(range);
      const auto describe = [&] { return describe_launch(launch.op, launch.input_specs); };
      errors_.run({launch.number, launch.reads, launch.writes, describe}, [&]() -> FailureHandle {
        if (launch.checked)
          return fault_of(launch.fault_message, describe,
                          [&](FaultReport& faults) { launch.checked(workspace_, faults); });
        launch.body(workspace_);
        return nullptr;
      });
    }
  }

  std::shared_ptr<ThreadPool> threads_;
  Scratch scratch_;  // of the runner thread's launches
  Workspace workspace_{*threads_, scratch_};
  StreamOptions options_;
  AsyncErrors errors_;
  uint32_t segment_count_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  HazardTracker hazards_;
  Batch open_ = Batch(1);
  uint64_t open_number_ = 1;  // batches count from 1
  uint64_t launches_ = 0;
  int open_launches_ = 0;
  int64_t open_bytes_ = 0;
  int64_t commits_ = 0;
  std::vector<MemoryRange> released_after_segment_;
  std::deque<Batch> queued_;
  bool running_ = false;
  bool stop_ = false;
  std::atomic<uint64_t> completed_ = 0;
  std::atomic<bool> closed_ = false;
  std::thread runner_;  // last: it uses all of the above
};

class DeferredStream final : public Stream, private CpuEncoder {
 public:
  DeferredStream(Device device, std::shared_ptr<ThreadPool> threads, const StreamOptions& options)
      : device_(device),
        poison_memory_(options.poison_memory),
        pool_(make_pool()),
        queue_(std::make_shared<DeferredQueue>(std::move(threads), options)) {
    pool_->observe(queue_.get());
  }

  ~DeferredStream() override {
    queue_->close();
    pool_->observe(nullptr);
  }

  Encoder& encoder() override { return *this; }

  std::shared_ptr<Buffer> allocate(size_t bytes) override {
    auto buffer = std::make_shared<Buffer>(device_, bytes, pool_->allocate(bytes));
    const MemoryPool::Stats stats = pool_->stats();
    counters().buffers_created = stats.created;
    counters().buffers_reused = stats.reused;
    counters().bytes_created = stats.bytes_created;
    counters().peak_bytes = stats.peak_bytes;
    return buffer;
  }

  std::shared_ptr<Buffer> upload(std::span<const std::byte> bytes) override {
    auto buffer = allocate(bytes.size());
    ++counters().uploads;
    counters().upload_bytes += static_cast<int64_t>(bytes.size());
    const Operand target{buffer, spec(DType::u8, {static_cast<int64_t>(bytes.size())})};
    auto staged = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    std::byte* data = memory_of(*buffer).data();
    encode({.op = "upload", .body = [staged, data](ThreadPool&) { std::ranges::copy(*staged, data); }}, {},
           std::span(&target, 1));
    return buffer;
  }

  void read(const Buffer& buffer, size_t offset, std::span<std::byte> out) override {
    TEMPER_ASSERT(offset + out.size() <= buffer.bytes());
    synchronize();
    memory_of(buffer).uses().wait_for_others(queue_.get(), false);
    check_readable(*memory_of(buffer).failed(), range_of(buffer, offset, out.size()));
    if (!out.empty()) std::memcpy(out.data(), memory_of(buffer).data() + offset, out.size());
    ++counters().reads;
    counters().read_bytes += static_cast<int64_t>(out.size());
  }

  void commit() override {
    queue_->commit();
    counters().commits = queue_->commits();
  }

  FailureHandle wait() override {
    commit();
    ++counters().waits;
    FailureHandle failure = queue_->wait_for_all();
    counters().scratch_bytes = queue_->scratch_bytes();
    return failure;
  }

 private:
  void launch(std::string_view op, Operands inputs, Operands outputs, Body body) override {
    counters().count_launch(op);
    encode({.op = std::string(op), .body = std::move(body)}, inputs, outputs);
  }

  void launch_checked(std::string_view op, Operands inputs, Operands outputs, FaultMessage message,
                      CheckedBody body) override {
    counters().count_launch(op);
    encode({.op = std::string(op), .checked = std::move(body), .fault_message = std::move(message)}, inputs, outputs);
  }

  void encode(Launch launch, Operands inputs, Operands outputs) {
    std::vector<Dependency> others;
    const auto depend = [&](PooledMemory& memory, bool write) {
      for (Dependency& dependency : memory.uses().others(queue_.get(), write)) others.push_back(std::move(dependency));
    };
    for (const Operand& input : inputs) {
      if (!input.defined()) continue;
      launch.input_specs.push_back(input.spec);
      launch.reads.push_back(access_to(input));
      PooledMemory& memory = memory_of(*input.buffer);
      launch.failed.push_back(memory.failed());
      if (memory.imported()) launch.imported.push_back(input.buffer);
      depend(memory, false);
    }
    for (const Operand& output : outputs) {
      if (!output.defined()) continue;
      launch.writes.push_back(access_to(output));
      PooledMemory& memory = memory_of(*output.buffer);
      launch.failed.push_back(memory.failed());
      if (memory.imported()) launch.imported.push_back(output.buffer);
      depend(memory, true);
      if (std::exchange(memory.fresh, false) && poison_memory_) {
        const auto base = reinterpret_cast<uintptr_t>(memory.data());
        launch.fresh.push_back({0, base, base + output.buffer->bytes()});
      }
    }
    const DeferredQueue::Encoded encoded = queue_->encode(std::move(launch), std::move(others));
    if (encoded.barrier) ++counters().barriers;
    for (const Operand& input : inputs)
      if (input.defined()) memory_of(*input.buffer).uses().note(queue_, encoded.batch, false);
    for (const Operand& output : outputs)
      if (output.defined()) memory_of(*output.buffer).uses().note(queue_, encoded.batch, true);
  }

  Device device_;
  bool poison_memory_;
  std::shared_ptr<MemoryPool> pool_;
  std::shared_ptr<DeferredQueue> queue_;
};

}  // namespace

std::unique_ptr<Stream> make_deferred_stream(Device device, std::shared_ptr<ThreadPool> threads,
                                             const StreamOptions& options) {
  return std::make_unique<DeferredStream>(device, std::move(threads), options);
}

}  // namespace temper::cpu
