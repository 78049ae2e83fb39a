#include "device/metal/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fail.h"
#include "device/device_clock.h"
#include "device/metal/command_batches.h"
#include "device/metal/compute.h"
#include "device/metal/memory.h"
#include "device/metal/mps_kernels.h"

namespace temper::metal {
namespace {

// Of small ops that is a millisecond or two of encoding; large ones fill a batch by their bytes long before.
constexpr int kMaxBatchLaunches = 1024;

std::vector<Access> accesses_to(std::initializer_list<Operands> lists) {
  std::vector<Access> accesses;
  for (const Operands operands : lists)
    for (const Operand& operand : operands)
      if (operand.defined()) accesses.push_back(access_to(operand));
  return accesses;
}

std::vector<MemoryRange> ranges_of(std::initializer_list<Operands> lists) {
  std::vector<MemoryRange> ranges;
  for (const Operands operands : lists)
    for (const Operand& operand : operands)
      if (operand.defined()) ranges.push_back(range_of(operand));
  return ranges;
}

int64_t bytes_of(std::initializer_list<Operands> lists) {
  int64_t bytes = 0;
  for (const MemoryRange& range : ranges_of(lists)) bytes += static_cast<int64_t>(range.end - range.begin);
  return bytes;
}

std::vector<TensorSpec> specs_of(Operands operands) {
  std::vector<TensorSpec> specs;
  for (const Operand& operand : operands)
    if (operand.defined()) specs.push_back(operand.spec);
  return specs;
}

class MetalStream final : public Stream, public DeviceClock, private MetalEncoder {
 public:
  MetalStream(Device device, const std::shared_ptr<Gpu>& gpu, std::shared_ptr<Pipelines> pipelines,
              std::shared_ptr<Backend> cpu, GemmChoice gemm, const StreamOptions& options)
      : device_(device),
        pipelines_(std::move(pipelines)),
        mps_(gpu),
        cpu_(std::move(cpu)),
        gemm_(gemm),
        cpu_stream_(cpu_->new_stream({})),
        chunks_(std::make_shared<SharedChunks>(gpu)),
        pool_(std::make_shared<MemoryPool>(std::make_unique<SharedChunks::Source>(chunks_))),
        batches_(std::make_shared<CommandBatches>(
            gpu,
            CommandBatches::Limits{std::min(options.max_batch_launches, kMaxBatchLaunches), options.max_batch_bytes},
            options.hazards, errors_)) {}
  ~MetalStream() override { batches_->finish(); }

  Encoder& encoder() override { return *this; }

  std::shared_ptr<Buffer> allocate(size_t bytes) override { return buffer_over(pool_->allocate(bytes), bytes); }

  std::shared_ptr<Buffer> upload(std::span<const std::byte> bytes) override {
    // Memory that no work under way touches, so the host may write it at once and nothing is staged.
    auto buffer = buffer_over(pool_->allocate_idle(bytes.size()), bytes.size());
    std::ranges::copy(bytes, memory_of(*buffer).on_host(0, bytes.size(), HostAccess::write).begin());
    ++counters().uploads;
    counters().upload_bytes += static_cast<int64_t>(bytes.size());
    return buffer;
  }

  void read(const Buffer& buffer, size_t offset, std::span<std::byte> out) override {
    TEMPER_ASSERT(offset + out.size() <= buffer.bytes());
    synchronize();
    memory_of(buffer).uses().wait_for_others(batches_.get(), false);
    const uintptr_t begin = memory_of(buffer).address() + offset;
    check_readable(*memory_of(buffer).failed(), {0, begin, begin + out.size()});
    std::ranges::copy(memory_of(buffer).on_host(offset, out.size(), HostAccess::read), out.begin());
    ++counters().reads;
    counters().read_bytes += static_cast<int64_t>(out.size());
  }

  void begin_step(uint64_t step) override {
    step_ = Signpost();  // the last one ends before the next begins
    if (signposts_enabled()) step_ = Signpost(Signpost::Kind::step, std::to_string(step));
  }

  double device_seconds() const override { return batches_->gpu_seconds(); }

  void commit() override {
    batches_->commit();
    counters().commits = batches_->commits();
  }

  FailureHandle wait() override {
    batches_->finish();
    counters().commits = batches_->commits();
    ++counters().waits;
    return errors_->take();
  }

 private:
  void external(std::string_view op, Operands inputs, Operands outputs, Operands scratch,
                FunctionRef<void(OpenCommands&)> encode, FaultCheck check) override {
    launch(op, inputs, outputs, scratch, std::move(check), [&](const CommandBatches::Launch& launch) {
      batches_->encode(launch, [&](MTL::CommandBuffer& commands, FaultPlace faults) {
        OpenCommands open{commands, counters(), faults};
        encode(open);
      });
    });
  }

  void compute(std::string_view op, Operands inputs, Operands outputs, Operands scratch,
               FunctionRef<void(ComputeCommands&)> encode, FaultCheck check) override {
    launch(op, inputs, outputs, scratch, std::move(check), [&](const CommandBatches::Launch& launch) {
      const CommandBatches::Ranges ranges{ranges_of({inputs}), ranges_of({outputs, scratch})};
      const CommandBatches::Opened opened =
          batches_->encode(launch, ranges, [&](MTL::ComputeCommandEncoder& encoder, FaultPlace faults) {
            ComputeCommands commands(encoder, *pipelines_, counters(), {inputs, outputs, scratch}, faults);
            encode(commands);
          });
      counters().encoders += opened.encoder ? 1 : 0;
      counters().barriers += opened.barrier ? 1 : 0;
    });
  }

  void launch(std::string_view op, Operands inputs, Operands outputs, Operands scratch, FaultCheck check,
              FunctionRef<void(const CommandBatches::Launch&)> encode) {
    counters().count_launch(op);
    const uint64_t number = ++launches_;
    const auto describe = [&] { return describe_launch(op, specs_of(inputs)); };
    const FailureHandle failure = attempt(describe, [&]() -> FailureHandle {
      const bool checked = check.message != nullptr;
      encode({.others = dependencies(inputs, outputs, scratch),
              .note = [&](uint64_t batch) { note_uses(inputs, outputs, scratch, batch); },
              .log =
                  [&](LaunchLog& log) {
                    log.begin(number, op);
                    log_accesses(log, inputs, outputs, scratch);
                    log.check(std::move(check));
                  },
              .bytes = bytes_of({inputs, outputs, scratch}),
              .checked = checked});
      return nullptr;
    });
    if (failure) errors_->settle({number, accesses_to({inputs}), accesses_to({outputs, scratch}), describe}, failure);
    counters().commits = batches_->commits();
  }

  void on_cpu(std::string_view op, Operands inputs, Operands outputs,
              FunctionRef<void(Encoder&, Operands, Operands)> encode) override {
    counters().count_placed(op);
    bool waited = false;
    const auto settle = [&](Operands operands, bool write) {
      for (const Operand& operand : operands) {
        if (!operand.defined()) continue;
        for (const Dependency& use : memory_of(*operand.buffer).uses().others(nullptr, write)) {
          use.queue->wait(use.batch);
          waited = true;
        }
      }
    };
    settle(inputs, false);
    settle(outputs, true);
    if (waited) ++counters().waits;
    counters().commits = batches_->commits();
    const auto reads = accesses_to({inputs}), writes = accesses_to({outputs});
    errors_->run({++launches_, reads, writes, [&] { return describe_launch(op, specs_of(inputs)); }}, [&] {
      const std::vector<Operand> cpu_inputs = cpu_operands(inputs, HostAccess::read);
      const std::vector<Operand> cpu_outputs = cpu_operands(outputs, HostAccess::write);
      const Signpost signpost(Signpost::Kind::on_cpu, op);
      encode(cpu_stream_->encoder(), cpu_inputs, cpu_outputs);
      counters().scratch_bytes = cpu_stream_->counters().scratch_bytes;
      return cpu_stream_->wait();  // an error names op and shapes already
    });
  }

  Operand scratch(DType dtype, const Shape& shape) override {
    const TensorSpec wanted = spec(dtype, shape);
    return {allocate(wanted.bytes()), wanted};
  }
  MpsKernels& mps() override { return mps_; }
  bool prefers_mps() const override { return gemm_ != GemmChoice::own; }
  Backend& cpu() override { return *cpu_; }

  std::shared_ptr<Buffer> buffer_over(std::unique_ptr<PooledMemory> memory, size_t bytes) {
    SharedChunks::Place place = chunks_->locate(memory->data());
    auto buffer =
        std::make_shared<Buffer>(device_, bytes, std::make_unique<MetalMemory>(std::move(memory), std::move(place)));
    const MemoryPool::Stats stats = pool_->stats();
    counters().buffers_created = stats.created;
    counters().buffers_reused = stats.reused;
    counters().bytes_created = stats.bytes_created;
    counters().peak_bytes = stats.peak_bytes;
    return buffer;
  }

  std::vector<Dependency> dependencies(Operands inputs, Operands outputs, Operands scratch) const {
    std::vector<Dependency> result;
    const auto add = [&](Operands operands, bool write) {
      for (const Operand& operand : operands) {
        if (!operand.defined()) continue;
        auto others = memory_of(*operand.buffer).uses().others(batches_.get(), write);
        result.insert(result.end(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
      }
    };
    add(inputs, false);
    add(outputs, true);
    add(scratch, true);
    return result;
  }

  void note_uses(Operands inputs, Operands outputs, Operands scratch, uint64_t batch) {
    const auto note = [&](Operands operands, bool write) {
      for (const Operand& operand : operands)
        if (operand.defined()) memory_of(*operand.buffer).uses().note(batches_, batch, write);
    };
    note(inputs, false);
    note(outputs, true);
    note(scratch, true);
  }

  std::vector<Operand> cpu_operands(Operands operands, HostAccess access) {
    std::vector<Operand> result;
    for (const Operand& operand : operands) {
      if (!operand.defined()) {
        result.emplace_back();
        continue;
      }
      // The Metal buffer keeps the memory alive; its bytes are where the CPU sees them.
      const MetalMemory& memory = memory_of(*operand.buffer);
      const MemoryRange touched = range_of(operand);
      const size_t before = touched.begin - memory.address();
      const std::byte* const first = memory.on_host(before, touched.end - touched.begin, access).data() - before;
      result.push_back({cpu_->import_memory({first, operand.buffer->bytes()}, operand.buffer), operand.spec});
      counters().placed_bytes += static_cast<int64_t>(operand.spec.bytes());
    }
    return result;
  }

  static void log_accesses(LaunchLog& log, Operands inputs, Operands outputs, Operands scratch) {
    for (const Operand& operand : inputs)
      if (operand.defined()) log.read(range_of(operand), memory_of(*operand.buffer).failed(), operand.spec);
    for (const Operands written : {outputs, scratch})
      for (const Operand& operand : written)
        if (operand.defined())
          log.write(range_of(operand), memory_of(*operand.buffer).failed(), operand.buffer->version() > 0);
  }

  Device device_;
  std::shared_ptr<Pipelines> pipelines_;
  MpsKernels mps_;
  std::shared_ptr<Backend> cpu_;
  GemmChoice gemm_;
  std::unique_ptr<Stream> cpu_stream_;
  std::shared_ptr<SharedChunks> chunks_;
  std::shared_ptr<MemoryPool> pool_;
  std::shared_ptr<AsyncErrors> errors_ = std::make_shared<AsyncErrors>();
  std::shared_ptr<CommandBatches> batches_;
  uint64_t launches_ = 0;
  Signpost step_;
};

}  // namespace

std::unique_ptr<Stream> make_stream(Device device, const std::shared_ptr<Gpu>& gpu,
                                    std::shared_ptr<Pipelines> pipelines, std::shared_ptr<Backend> cpu, GemmChoice gemm,
                                    const StreamOptions& options) {
  return std::make_unique<MetalStream>(device, gpu, std::move(pipelines), std::move(cpu), gemm, options);
}

}  // namespace temper::metal
