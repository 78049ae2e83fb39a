#include "device/cpu/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fail.h"

namespace temper::cpu {
namespace {

class ImmediateStream final : public Stream, private CpuEncoder {
 public:
  ImmediateStream(Device device, std::shared_ptr<ThreadPool> threads)
      : device_(device), threads_(std::move(threads)), scratch_(threads_->threads()), pool_(make_pool()) {}

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
    memory_of(*buffer).uses().wait_for_others(nullptr, true);
    memory_of(*buffer).fresh = false;
    if (!bytes.empty()) std::memcpy(memory_of(*buffer).data(), bytes.data(), bytes.size());
    ++counters().uploads;
    counters().upload_bytes += static_cast<int64_t>(bytes.size());
    return buffer;
  }

  void read(const Buffer& buffer, size_t offset, std::span<std::byte> out) override {
    synchronize();
    TEMPER_ASSERT(offset + out.size() <= buffer.bytes());
    memory_of(buffer).uses().wait_for_others(nullptr, false);
    check_readable(*memory_of(buffer).failed(), range_of(buffer, offset, out.size()));
    if (!out.empty()) std::memcpy(out.data(), memory_of(buffer).data() + offset, out.size());
    ++counters().reads;
    counters().read_bytes += static_cast<int64_t>(out.size());
  }

  void commit() override {}

  FailureHandle wait() override {
    ++counters().waits;
    return errors_.take();
  }

 private:
  void launch(std::string_view op, Operands inputs, Operands outputs, Body body) override {
    run(op, inputs, outputs, [&](FunctionRef<std::string()>) -> FailureHandle {
      body(workspace_);
      return nullptr;
    });
  }

  void launch_checked(std::string_view op, Operands inputs, Operands outputs, FaultMessage message,
                      CheckedBody body) override {
    run(op, inputs, outputs, [&](FunctionRef<std::string()> describe) {
      return fault_of(message, describe, [&](FaultReport& faults) { body(workspace_, faults); });
    });
  }

  void run(std::string_view op, Operands inputs, Operands outputs,
           FunctionRef<FailureHandle(FunctionRef<std::string()> describe)> work) {
    counters().count_launch(op);
    // Work of deferred streams on the same memory comes first.
    for (const Operand& input : inputs)
      if (input.defined()) memory_of(*input.buffer).uses().wait_for_others(nullptr, false);
    for (const Operand& output : outputs) {
      if (!output.defined()) continue;
      memory_of(*output.buffer).uses().wait_for_others(nullptr, true);
      memory_of(*output.buffer).fresh = false;
    }
    reads_.clear();
    writes_.clear();
    for (const Operand& input : inputs)
      if (input.defined()) reads_.push_back(access_to(input));
    for (const Operand& output : outputs)
      if (output.defined()) writes_.push_back(access_to(output));
    const auto describe = [&] {
      std::vector<TensorSpec> specs;
      for (const Operand& input : inputs) specs.push_back(input.spec);
      return describe_launch(op, specs);
    };
    errors_.run({++launches_, reads_, writes_, describe}, [&] { return work(describe); });
    counters().scratch_bytes = scratch_.bytes();
  }

  Device device_;
  std::shared_ptr<ThreadPool> threads_;
  Scratch scratch_;
  Workspace workspace_{*threads_, scratch_};
  std::shared_ptr<MemoryPool> pool_;
  AsyncErrors errors_;
  uint64_t launches_ = 0;
  std::vector<Access> reads_, writes_;  // of the launch at work; members to keep their memory
};

}  // namespace

std::unique_ptr<Stream> make_immediate_stream(Device device, std::shared_ptr<ThreadPool> threads) {
  return std::make_unique<ImmediateStream>(device, std::move(threads));
}

}  // namespace temper::cpu
