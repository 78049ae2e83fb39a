#include "runtime/metal/pipeline.h"

#include <algorithm>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/binary_archive.h"
#include "runtime/metal/types.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

bool is_archived(const ComputePipelineDescriptor& descriptor) {
  if (!descriptor.archives) return false;
  const std::string name = archived_name(*descriptor.function);
  return std::ranges::any_of(descriptor.archives->items, [&](const Ref<Object>& archive) {
    return static_cast<const BinaryArchive&>(*archive).functions.contains(name);
  });
}

}  // namespace

Ref<ComputePipeline> new_pipeline(Device& device, Function& function, Error** error) {
  if (!check_same_device(function, function.device, &device)) return nullptr;
  if (!function.is_specialised) {
    report(Rule::function_constant, &function,
           "it has function constants: make it with newFunctionWithName:constantValues:");
    give_error(error, kLibraryErrorDomain, kLibraryErrorCompileFailure, "function constants are not set");
    return nullptr;
  }
  if (function.kernel->static_threadgroup_bytes > device.profile.max_threadgroup_bytes) {
    report(Rule::threadgroup_memory, &function,
           "declares " + std::to_string(function.kernel->static_threadgroup_bytes) +
               " bytes of threadgroup memory; the device has " + std::to_string(device.profile.max_threadgroup_bytes));
    return nullptr;
  }
  auto pipeline = make<ComputePipeline>();
  pipeline->device = &device;
  pipeline->label = function.kernel->name;
  pipeline->kernel = function.kernel;
  pipeline->constants = function.constants;
  pipeline->max_threads_per_threadgroup =
      std::min(function.kernel->max_threads_per_threadgroup, device.profile.max_threads_per_threadgroup);
  log_event(EventKind::create, pipeline.get(), "");
  return pipeline;
}

Ref<ComputePipeline> new_pipeline(Device& device, ComputePipelineDescriptor& descriptor, uint64_t options,
                                  Error** error) {
  if (!descriptor.function) {
    report(Rule::nil_argument, &descriptor, "computeFunction is not set");
    return nullptr;
  }
  constexpr uint64_t kFailOnArchiveMiss = 1 << 2;
  if ((options & kFailOnArchiveMiss) != 0 && !is_archived(descriptor)) {
    give_error(error, kLibraryErrorDomain, kLibraryErrorCompileFailure,
               "no binary archive holds the function, and compiling was ruled out");
    return nullptr;
  }
  auto pipeline = new_pipeline(device, *descriptor.function, error);
  if (!pipeline) return nullptr;
  if (!descriptor.label.empty()) pipeline->label = descriptor.label;
  pipeline->group_is_multiple_of_simd_width = descriptor.group_is_multiple_of_simd_width;
  if (descriptor.max_threads_per_threadgroup != 0) {
    pipeline->max_threads_per_threadgroup =
        std::min(pipeline->max_threads_per_threadgroup, descriptor.max_threads_per_threadgroup);
  }
  return pipeline;
}

void register_pipelines() {
  using D = ComputePipelineDescriptor;
  ClassBuilder<D>("MTLComputePipelineDescriptor", root_class(), "C:MTLComputePipelineDescriptor")
      .method("init", [](D& self) { return &self; })
      .method("label", [](D& self) { return make_string(self.label); })
      .method("setLabel:", [](D& self, String* label) { self.label = text_of(label); })
      .method("computeFunction", [](D& self) { return self.function.get(); })
      .method("setComputeFunction:", [](D& self, Function* function) { self.function = Ref<Function>(function); })
      .method("binaryArchives", [](D& self) { return self.archives.get(); })
      .method("setBinaryArchives:", [](D& self, Array* archives) { self.archives = Ref<Array>(archives); })
      .method("maxTotalThreadsPerThreadgroup", [](D& self) { return self.max_threads_per_threadgroup; })
      .method("setMaxTotalThreadsPerThreadgroup:",
              [](D& self, uint64_t count) { self.max_threads_per_threadgroup = count; })
      .method("threadGroupSizeIsMultipleOfThreadExecutionWidth",
              [](D& self) { return self.group_is_multiple_of_simd_width; })
      .method("setThreadGroupSizeIsMultipleOfThreadExecutionWidth:",
              [](D& self, bool value) { self.group_is_multiple_of_simd_width = value; });

  using P = ComputePipeline;
  ClassBuilder<P>("MTLComputePipelineState", class_of<Allocation>, "P:MTLComputePipelineState")
      .abstract()
      .method("device", [](P& self) { return self.device; })
      .method("label", [](P& self) { return make_string(self.label); })
      .method("maxTotalThreadsPerThreadgroup", [](P& self) { return self.max_threads_per_threadgroup; })
      .method("threadExecutionWidth", [](P& self) { return self.device->profile.simd_width; })
      .method("staticThreadgroupMemoryLength", [](P& self) { return self.kernel->static_threadgroup_bytes; })
      .method("supportIndirectCommandBuffers", [](P&) { return false; });
}

}  // namespace metalhost
