// Deferred execution: a GPU's behaviour on the CPU. Launches are encoded into segments, cut where the hazard tracker
// asks for a barrier; a committed batch runs on another thread, each segment in submission order or shuffled. Fresh
// outputs and released memory are filled with NaN in the same order a GPU's reuse would overwrite them.
#include <algorithm>
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
  std::string op;
  std::vector<TensorSpec> input_specs;
  std::vector<MemoryRange> reads, writes;
  std::vector<MemoryRange> fresh;                 // outputs nobody has written yet
  std::vector<std::shared_ptr<Buffer>> imported;  // memory that isn't the pool's must outlive the launch
  Body body;
};

struct Segment {
  std::vector<MemoryRange> released;  // filled with NaN before the launches
  std::vector<Launch> launches;
};

using Batch = std::vector<Segment>;

void fill_with_poison(const MemoryRange& range) {
  std::memset(reinterpret_cast<void*>(range.begin), kPoison, range.end - range.begin);
}

class DeferredStream final : public Stream, private CpuEncoder, private ReleaseObserver {
 public:
  DeferredStream(Device device, std::shared_ptr<ThreadPool> threads, const StreamOptions& options)
      : device_(device),
        threads_(std::move(threads)),
        options_(options),
        pool_(std::make_shared<MemoryPool>()),
        hazards_(options.hazards),
        open_(1),
        runner_([this] { run_batches(); }) {
    pool_->observe(this);
  }

  ~DeferredStream() override {
    commit();
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    runner_.join();
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
    encode("upload", {}, std::span(&target, 1),
           [staged, data](ThreadPool&) { std::ranges::copy(*staged, data); });
    return buffer;
  }

  void read(const Buffer& buffer, size_t offset, std::span<std::byte> out) override {
    TEMPER_ASSERT(offset + out.size() <= buffer.bytes());
    synchronize();
    if (!out.empty()) std::memcpy(out.data(), memory_of(buffer).data() + offset, out.size());
    ++counters().reads;
    counters().read_bytes += static_cast<int64_t>(out.size());
  }

  void commit() override {
    std::lock_guard lock(mutex_);
    if (open_launches_ == 0) return;
    queued_.push_back(std::move(open_));
    open_ = Batch(1);
    open_launches_ = 0;
    hazards_.clear();  // batches run one after the other
    // Memory released before the next batch begins is filled in its first segment, after everything committed.
    open_.back().released = std::move(released_after_segment_);
    released_after_segment_.clear();
    ++counters().commits;
    changed_.notify_all();
  }

  void synchronize() override {
    commit();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return queued_.empty() && !running_; });
    ++counters().waits;
    errors_.rethrow();
  }

 private:
  void launch(std::string_view op, Operands inputs, Operands outputs, Body body) override {
    counters().count_launch(op);
    encode(op, inputs, outputs, std::move(body));
  }

  void encode(std::string_view op, Operands inputs, Operands outputs, Body body) {
    Launch launch{std::string(op), {}, {}, {}, {}, {}, std::move(body)};
    for (const Operand& input : inputs) {
      if (!input.defined()) continue;
      launch.input_specs.push_back(input.spec);
      launch.reads.push_back(range_of(input));
      if (memory_of(*input.buffer).imported()) launch.imported.push_back(input.buffer);
    }
    for (const Operand& output : outputs) {
      if (!output.defined()) continue;
      launch.writes.push_back(range_of(output));
      CpuMemory& memory = memory_of(*output.buffer);
      if (std::exchange(memory.fresh, false) && options_.poison_memory) {
        const auto base = reinterpret_cast<uintptr_t>(memory.data());
        launch.fresh.push_back({0, base, base + output.buffer->bytes()});
      }
    }
    bool full = false;
    {
      std::lock_guard lock(mutex_);
      if (hazards_.conflicts(launch.reads, launch.writes)) {
        hazards_.clear();
        open_.push_back({std::move(released_after_segment_), {}});
        released_after_segment_.clear();
        ++counters().barriers;
      }
      hazards_.note(launch.reads, launch.writes);
      open_.back().launches.push_back(std::move(launch));
      full = ++open_launches_ >= options_.max_batch_launches;
    }
    if (full) commit();
  }

  // Called by the pool, on whichever thread dropped the last reference.
  void on_release(std::byte* data, size_t bytes) override {
    if (!options_.poison_memory) return;
    const auto begin = reinterpret_cast<uintptr_t>(data);
    const MemoryRange range{0, begin, begin + bytes};
    std::lock_guard lock(mutex_);
    // Work of the open segment may still use the memory; a new owner's first write would then conflict and start a new
    // segment, so the fill waits for that. Otherwise the last use lies before the open segment.
    (hazards_.touches(range) ? released_after_segment_ : open_.back().released).push_back(range);
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
      changed_.notify_all();
    }
  }

  void run_segment(Segment& segment) {
    for (const MemoryRange& range : segment.released) fill_with_poison(range);
    if (options_.shuffle_seed) {
      // Fisher-Yates with a Philox draw a position: the same orders on every machine.
      const RngKey key{*options_.shuffle_seed, segment_count_++, 0};
      for (size_t i = segment.launches.size(); i > 1; --i)
        std::swap(segment.launches[i - 1], segment.launches[key.draw(i)[0] % i]);
    }
    for (Launch& launch : segment.launches) {
      for (const MemoryRange& range : launch.fresh) fill_with_poison(range);
      errors_.run(
          launch.reads, launch.writes, [&] { launch.body(*threads_); },
          [&] { return describe_launch(launch.op, launch.input_specs); });
    }
  }

  Device device_;
  std::shared_ptr<ThreadPool> threads_;
  StreamOptions options_;
  std::shared_ptr<MemoryPool> pool_;
  ErrorTracker errors_;  // touched by the runner, and by synchronize() while the runner is idle
  uint32_t segment_count_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  HazardTracker hazards_;
  Batch open_;
  int open_launches_ = 0;
  std::vector<MemoryRange> released_after_segment_;
  std::deque<Batch> queued_;
  bool running_ = false;
  bool stop_ = false;
  std::thread runner_;
};

}  // namespace

std::unique_ptr<Stream> make_deferred_stream(Device device, std::shared_ptr<ThreadPool> threads,
                                             const StreamOptions& options) {
  return std::make_unique<DeferredStream>(device, std::move(threads), options);
}

}  // namespace temper::cpu
