#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/thread_pool.h"
#include "device/cpu/memory.h"
#include "device/cpu/scratch.h"
#include "device/failures.h"
#include "device/faults.h"
#include "device/stream.h"

namespace temper::cpu {

/// What a CPU kernel does when its turn comes. It captures pointers (data_of), sizes and attributes by value, and must
/// keep alive what isn't an operand (a PreparedWeight's handle). A body that needs no scratch may take a ThreadPool&.
using Body = std::function<void(Workspace& work)>;
/// The same of a kernel that looks at its data: it reports what is wrong, writes something defined there and goes on.
using CheckedBody = std::function<void(Workspace& work, FaultReport& faults)>;

/// The encoder that CPU kernels see.
class CpuEncoder : public Encoder {
 public:
  /// Encodes one launch that reads all `inputs` and writes all `outputs` (an operand updated in place is both).
  /// Undefined operands are allowed and ignored.
  virtual void launch(std::string_view op, Operands inputs, Operands outputs, Body body) = 0;
  /// The same for a body that may find its data wrong; `message` words the error.
  virtual void launch_checked(std::string_view op, Operands inputs, Operands outputs, FaultMessage message,
                              CheckedBody body) = 0;
};

inline CpuEncoder& cpu_encoder(Encoder& encoder) {
  return static_cast<CpuEncoder&>(encoder);
}

/// Runs every launch where it is encoded.
std::unique_ptr<Stream> make_immediate_stream(Device device, std::shared_ptr<ThreadPool> threads);
/// Runs batches on a thread of its own, in submission order or in random orders that the barriers allow.
std::unique_ptr<Stream> make_deferred_stream(Device device, std::shared_ptr<ThreadPool> threads,
                                             const StreamOptions& options);

}  // namespace temper::cpu
