#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "device/cpu/memory.h"
#include "device/stream.h"

namespace temper::cpu {

/// What a CPU kernel does when its turn comes. It captures pointers (data_of), sizes and attributes by value, and must
/// keep alive what isn't an operand (a PreparedWeight's handle).
using Body = std::function<void(ThreadPool& pool)>;

/// The encoder that CPU kernels see.
class CpuEncoder : public Encoder {
 public:
  /// Encodes one launch that reads all `inputs` and writes all `outputs` (an operand updated in place is both).
  /// Undefined operands are allowed and ignored.
  virtual void launch(std::string_view op, Operands inputs, Operands outputs, Body body) = 0;
};

inline CpuEncoder& cpu_encoder(Encoder& encoder) {
  return static_cast<CpuEncoder&>(encoder);
}

/// Keeps the first error of asynchronous work, and skips what depends on it.
class ErrorTracker {
 public:
  bool failed() const { return first_ != nullptr; }
  /// Runs `work` unless it reads memory that failed work should have written; then its outputs count as failed too.
  /// `describe` names op and shapes for the message.
  void run(std::span<const MemoryRange> reads, std::span<const MemoryRange> writes, FunctionRef<void()> work,
           FunctionRef<std::string()> describe);
  /// Throws the error kept, if any, and forgets it.
  void rethrow();

 private:
  std::exception_ptr first_;
  std::vector<MemoryRange> poisoned_;
};

/// Runs every launch where it is encoded.
std::unique_ptr<Stream> make_immediate_stream(Device device, std::shared_ptr<ThreadPool> threads);
/// Runs batches on a thread of its own, in submission order or in random orders that the barriers allow.
std::unique_ptr<Stream> make_deferred_stream(Device device, std::shared_ptr<ThreadPool> threads,
                                             const StreamOptions& options);

/// "rms_norm(f32[2,3], f32[3])" for error messages.
std::string describe_launch(std::string_view op, std::span<const TensorSpec> inputs);

}  // namespace temper::cpu
