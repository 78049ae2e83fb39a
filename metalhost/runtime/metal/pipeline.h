// MTLComputePipelineState and its descriptor.
#pragma once
#include "runtime/metal/library.h"
#include "runtime/metal/resource.h"

namespace metalhost {

struct ComputePipelineDescriptor : Object {
  std::string label;
  Ref<Function> function;
  uint64_t max_threads_per_threadgroup = 0;
  bool group_is_multiple_of_simd_width = false;
  Ref<Array> archives;  // of BinaryArchive
};

struct ComputePipeline : Allocation {
  std::shared_ptr<const HostKernel> kernel;
  std::map<uint64_t, std::vector<std::byte>> constants;
  uint64_t max_threads_per_threadgroup = 0;
  bool group_is_multiple_of_simd_width = false;
};

Ref<ComputePipeline> new_pipeline(Device& device, Function& function, Error** error);
// `options` are MTLPipelineOption bits.
Ref<ComputePipeline> new_pipeline(Device& device, ComputePipelineDescriptor& descriptor, uint64_t options,
                                  Error** error);

void register_pipelines();

}  // namespace metalhost
