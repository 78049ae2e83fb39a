#include "device/cpu/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fail.h"

namespace temper::cpu {
namespace {

bool touches_any(std::span<const MemoryRange> ranges, const std::vector<MemoryRange>& others) {
  return std::ranges::any_of(ranges, [&](const MemoryRange& r) {
    return std::ranges::any_of(others, [&](auto& o) { return r.overlaps(o); });
  });
}

class ImmediateStream final : public Stream, private CpuEncoder {
 public:
  ImmediateStream(Device device, std::shared_ptr<ThreadPool> threads)
      : device_(device), threads_(std::move(threads)), pool_(std::make_shared<MemoryPool>()) {}

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
    if (!out.empty()) std::memcpy(out.data(), memory_of(buffer).data() + offset, out.size());
    ++counters().reads;
    counters().read_bytes += static_cast<int64_t>(out.size());
  }

  void commit() override {}

  void synchronize() override {
    ++counters().waits;
    errors_.rethrow();
  }

 private:
  void launch(std::string_view op, Operands inputs, Operands outputs, Body body) override {
    counters().count_launch(op);
    // Work of deferred streams on the same memory comes first.
    for (const Operand& input : inputs)
      if (input.defined()) memory_of(*input.buffer).uses().wait_for_others(nullptr, false);
    for (const Operand& output : outputs) {
      if (!output.defined()) continue;
      memory_of(*output.buffer).uses().wait_for_others(nullptr, true);
      memory_of(*output.buffer).fresh = false;
    }
    const auto ranges = [](Operands operands) {
      std::vector<MemoryRange> result;
      for (const Operand& operand : operands)
        if (operand.defined()) result.push_back(range_of(operand));
      return result;
    };
    const auto describe = [&] {
      std::vector<TensorSpec> specs;
      for (const Operand& input : inputs) specs.push_back(input.spec);
      return describe_launch(op, specs);
    };
    if (!errors_.failed()) {  // the common case needs no ranges
      try {
        body(*threads_);
        return;
      } catch (...) {
        const std::exception_ptr error = std::current_exception();
        errors_.run(
            {}, ranges(outputs), [&] { std::rethrow_exception(error); }, describe);
        return;
      }
    }
    errors_.run(
        ranges(inputs), ranges(outputs), [&] { body(*threads_); }, describe);
  }

  Device device_;
  std::shared_ptr<ThreadPool> threads_;
  std::shared_ptr<MemoryPool> pool_;
  ErrorTracker errors_;
};

}  // namespace

void ErrorTracker::run(std::span<const MemoryRange> reads, std::span<const MemoryRange> writes,
                       FunctionRef<void()> work, FunctionRef<std::string()> describe) {
  if (first_ && touches_any(reads, poisoned_)) {
    poisoned_.insert(poisoned_.end(), writes.begin(), writes.end());
    return;
  }
  try {
    work();
    // Memory written afresh is sound again.
    if (first_)
      std::erase_if(poisoned_, [&](const MemoryRange& bad) {
        return std::ranges::any_of(writes, [&](const MemoryRange& good) {
          return good.space == bad.space && good.begin <= bad.begin && bad.end <= good.end;
        });
      });
  } catch (...) {
    poisoned_.insert(poisoned_.end(), writes.begin(), writes.end());
    if (first_) return;
    try {
      throw;
    } catch (const Error& error) {
      first_ = std::make_exception_ptr(Error(error.code(), fmt::format("{}: {}", describe(), error.what())));
    } catch (const std::exception& error) {
      first_ = std::make_exception_ptr(Error(ErrorCode::internal, fmt::format("{}: {}", describe(), error.what())));
    }
  }
}

void ErrorTracker::rethrow() {
  if (!first_) return;
  poisoned_.clear();
  std::rethrow_exception(std::exchange(first_, nullptr));
}

std::unique_ptr<Stream> make_immediate_stream(Device device, std::shared_ptr<ThreadPool> threads) {
  return std::make_unique<ImmediateStream>(device, std::move(threads));
}

std::string describe_launch(std::string_view op, std::span<const TensorSpec> inputs) {
  std::string text(op);
  text += '(';
  for (size_t i = 0; i < inputs.size(); ++i) text += (i ? ", " : "") + to_string(inputs[i]);
  return text + ")";
}

}  // namespace temper::cpu
