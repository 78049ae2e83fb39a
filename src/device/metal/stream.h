#pragma once

#include <Metal/Metal.hpp>

#include <memory>
#include <string_view>

#include "base/thread_pool.h"
#include "device/backend.h"
#include "device/launch_log.h"
#include "device/metal/gpu.h"
#include "device/stream.h"

namespace temper::metal {

class ComputeCommands;
class MpsKernels;
class Pipelines;

/// Where a kernel finds its FaultRecord: 32 zeroed bytes at an offset of a shared buffer.
struct FaultPlace {
  MTL::Buffer* buffer = nullptr;  ///< null for a launch without a check
  size_t offset = 0;
};

/// The command buffer that is being filled, with no encoder open in it.
struct OpenCommands {
  MTL::CommandBuffer& buffer;
  Counters& counters;
  FaultPlace faults = {};
};

/// The encoder that Metal kernels see. Operands may be undefined, which is ignored.
class MetalEncoder : public Encoder {
 public:
  /// One op whose work encodes itself into the command buffer: MPS kernels, blits. It reads all `inputs` and writes all
  /// `outputs` and `scratch` (an operand updated in place is both). Metal orders encoders of one queue by the buffers
  /// they touch, so no barrier is needed. `encode` may throw before it has encoded anything. With a check the work may
  /// report in OpenCommands::faults that its data are wrong; the host looks there when the batch has run.
  virtual void external(std::string_view op, Operands inputs, Operands outputs, Operands scratch,
                        FunctionRef<void(OpenCommands&)> encode, FaultCheck check) = 0;
  void external(std::string_view op, Operands inputs, Operands outputs, Operands scratch,
                FunctionRef<void(OpenCommands&)> encode) {
    external(op, inputs, outputs, scratch, encode, {});
  }
  /// One op on our own kernels, in the batch's open compute encoder: ops that don't conflict by byte range may run at
  /// the same time. `encode` binds nothing but these operands; between dispatches that depend on each other it asks for
  /// a barrier itself. With a check the kernels may report in ComputeCommands::faults.
  virtual void compute(std::string_view op, Operands inputs, Operands outputs, Operands scratch,
                       FunctionRef<void(ComputeCommands&)> encode, FaultCheck check) = 0;
  void compute(std::string_view op, Operands inputs, Operands outputs, Operands scratch,
               FunctionRef<void(ComputeCommands&)> encode) {
    compute(op, inputs, outputs, scratch, encode, {});
  }
  /// One op that the placement table gives to the CPU: waits for the work that its operands depend on, then runs
  /// `encode` with a CPU encoder and CPU operands over the same memory.
  virtual void on_cpu(std::string_view op, Operands inputs, Operands outputs,
                      FunctionRef<void(Encoder& cpu, Operands inputs, Operands outputs)> encode) = 0;
  /// Memory for intermediate results, to be passed to `external` as scratch; it goes back to the pool with its operand.
  virtual Operand scratch(DType dtype, const Shape& shape) = 0;
  virtual MpsKernels& mps() = 0;
  /// Whether what MPS takes, products and softmax, goes to MPS.
  virtual bool prefers_mps() const = 0;
  virtual Backend& cpu() = 0;
};

inline MetalEncoder& metal_encoder(Encoder& encoder) {
  return static_cast<MetalEncoder&>(encoder);
}

/// `cpu`: the backend that runs what the placement table gives it.
std::unique_ptr<Stream> make_stream(Device device, const std::shared_ptr<Gpu>& gpu,
                                    std::shared_ptr<Pipelines> pipelines, std::shared_ptr<Backend> cpu, GemmChoice gemm,
                                    const StreamOptions& options);

}  // namespace temper::metal
