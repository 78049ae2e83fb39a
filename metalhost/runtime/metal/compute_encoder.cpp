#include "runtime/metal/compute_encoder.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/fences.h"
#include "runtime/metal/heap.h"

namespace metalhost {
namespace {

bool check_index(ComputeEncoder& self, uint64_t index) {
  uint64_t limit = std::min<uint64_t>(self.command_buffer->device()->profile.max_buffers, kMaxBufferIndices);
  if (index < limit) return true;
  report(Rule::argument_index, &self, fmt::format("index {}: the device has buffer indices 0 to {}", index, limit - 1));
  return false;
}

bool check_offset(const Buffer& buffer, uint64_t offset) {
  if (offset < buffer.length) return true;
  report(Rule::argument_offset, &buffer, fmt::format("bound at offset {}, past its {} bytes", offset, buffer.length));
  return false;
}

void set_buffer(ComputeEncoder& self, Buffer* buffer, uint64_t offset, uint64_t index) {
  if (!self.can_encode() || !check_index(self, index)) return;
  if (buffer && (!check_offset(*buffer, offset) || !self.use(*buffer))) return;
  self.bindings[index] = {Ref<Buffer>(buffer), offset, nullptr, std::nullopt};
}

void set_buffers(ComputeEncoder& self, Buffer* const* buffers, const uint64_t* offsets, Range range) {
  for (uint64_t i = 0; i < range.length; ++i) {
    if (!check_object_argument(buffers[i], class_of<Buffer>, 1, true)) return;
    set_buffer(self, buffers[i], offsets[i], range.location + i);
  }
}

void set_offset(ComputeEncoder& self, uint64_t offset, uint64_t index) {
  if (!self.can_encode() || !check_index(self, index)) return;
  auto& binding = self.bindings[index];
  if (!binding.buffer) {
    report(Rule::missing_argument, &self, fmt::format("setBufferOffset: at index {}, where no buffer is set", index));
  } else if (check_offset(*binding.buffer, offset)) {
    binding.offset = offset;
    binding.extent = std::nullopt;
  }
}

void set_bytes(ComputeEncoder& self, const void* bytes, uint64_t length, uint64_t index) {
  if (!self.can_encode() || !check_index(self, index)) return;
  uint64_t limit = self.command_buffer->device()->profile.max_inline_bytes;
  if (length == 0 || length > limit) {
    report(Rule::inline_bytes, &self, fmt::format("{} bytes; setBytes takes 1 to {}: use a buffer", length, limit));
    return;
  }
  const auto* first = static_cast<const std::byte*>(bytes);
  self.bindings[index] = {nullptr, 0, std::make_shared<std::vector<std::byte>>(first, first + length), std::nullopt};
}

void set_threadgroup_memory(ComputeEncoder& self, uint64_t length, uint64_t index) {
  if (!self.can_encode() || !check_index(self, index)) return;
  if (length % 16 != 0) {
    report(Rule::threadgroup_memory, &self, fmt::format("{} bytes are no multiple of 16", length));
    return;
  }
  self.threadgroup_bytes[index] = length;
}

void memory_barrier(ComputeEncoder& self, uint64_t scope) {
  if (!self.can_encode()) return;
  log_event(EventKind::barrier, &self, "memory barrier");
  if (!(scope & 1)) return;  // MTLBarrierScopeBuffers
  self.unordered.clear();
  self.barriers.emplace_back(0, UINTPTR_MAX);
}

void memory_barrier(ComputeEncoder& self, Resource* const* resources, uint64_t count) {
  if (!self.can_encode()) return;
  log_event(EventKind::barrier, &self, "memory barrier");
  for (uint64_t i = 0; i < count; ++i) {
    if (!check_object_argument(resources[i], class_of<Resource>, 1, false)) return;
    if (!is_kind_of(resources[i]->isa, class_of<Buffer>)) continue;
    const auto& buffer = *static_cast<Buffer*>(resources[i]);
    auto begin = reinterpret_cast<uintptr_t>(buffer.gpu(0));
    self.barriers.emplace_back(begin, begin + buffer.length);
    std::erase_if(self.unordered, [&](const ComputeEncoder::Unordered& earlier) {
      const Access& access = earlier.access;
      return access.memory == buffer.memory && access.begin < buffer.offset + buffer.length &&
             buffer.offset < access.end;
    });
  }
}

void use_resource(ComputeEncoder& self, Resource& resource) {
  if (!self.can_encode() || !check_same_device(resource, resource.device, self.command_buffer->device())) return;
  self.command_buffer->keep(&resource);
}

}  // namespace

Ref<ComputeEncoder> new_compute_encoder(CommandBuffer& buffer, DispatchType type) {
  if (!buffer.can_begin_encoder()) return nullptr;
  auto encoder = make<ComputeEncoder>();
  encoder->type = type;
  begin_encoder(*encoder, buffer);
  return encoder;
}

void register_compute_encoders() {
  using E = ComputeEncoder;
  ClassBuilder<E>("MTLComputeCommandEncoder", class_of<CommandEncoder>, "P:MTLComputeCommandEncoder")
      .abstract()
      .method("dispatchType", [](E& self) { return self.type; })
      .method("setComputePipelineState:",
              [](E& self, ComputePipeline& pipeline) {
                if (!self.can_encode()) return;
                if (!check_same_device(pipeline, pipeline.device, self.command_buffer->device())) return;
                self.command_buffer->keep(&pipeline);
                self.pipeline = Ref<ComputePipeline>(&pipeline);
              })
      .method("setBuffer:offset:atIndex:",
              [](E& self, Buffer* buffer, uint64_t offset, uint64_t index) { set_buffer(self, buffer, offset, index); })
      .method("setBuffers:offsets:withRange:", [](E& self, Buffer* const* buffers, const uint64_t* offsets,
                                                  Range range) { set_buffers(self, buffers, offsets, range); })
      .method("setBufferOffset:atIndex:",
              [](E& self, uint64_t offset, uint64_t index) { set_offset(self, offset, index); })
      .method("setBytes:length:atIndex:", [](E& self, const void* bytes, uint64_t length,
                                             uint64_t index) { set_bytes(self, bytes, length, index); })
      .method("setThreadgroupMemoryLength:atIndex:",
              [](E& self, uint64_t length, uint64_t index) { set_threadgroup_memory(self, length, index); })
      .method("dispatchThreadgroups:threadsPerThreadgroup:",
              [](E& self, Size groups, Size threads) { dispatch(self, groups, threads, false); })
      .method("dispatchThreads:threadsPerThreadgroup:",
              [](E& self, Size grid, Size threads) { dispatch(self, grid, threads, true); })
      .method("memoryBarrierWithScope:", [](E& self, uint64_t scope) { memory_barrier(self, scope); })
      .method("memoryBarrierWithResources:count:",
              [](E& self, Resource* const* resources, uint64_t count) { memory_barrier(self, resources, count); })
      .method("useResource:usage:", [](E& self, Resource& resource, uint64_t) { use_resource(self, resource); })
      .method("useResources:count:usage:",
              [](E& self, Resource* const* resources, uint64_t count, uint64_t) {
                for (uint64_t i = 0; i < count; ++i) {
                  if (check_object_argument(resources[i], class_of<Resource>, 1, false))
                    use_resource(self, *resources[i]);
                }
              })
      .method("useHeap:",
              [](E& self, Heap& heap) {
                if (self.can_encode() && check_same_device(heap, heap.device, self.command_buffer->device())) {
                  self.command_buffer->keep(&heap);
                }
              })
      .method("updateFence:", [](E& self, Fence& fence) { update_fence(self, fence); })
      .method("waitForFence:", [](E& self, Fence& fence) { wait_for_fence(self, fence); });
}

}  // namespace metalhost

extern "C" void metalhost_bind_extent(void* encoder, uint64_t bytes, uint64_t index) {
  using namespace metalhost;
  auto* object = static_cast<Object*>(encoder);
  if (!check_object_argument(object, class_of<ComputeEncoder>, 0, false)) return;
  auto& self = *static_cast<ComputeEncoder*>(object);
  if (!self.can_encode() || !check_index(self, index)) return;
  auto& binding = self.bindings[index];
  const void* site = __builtin_return_address(0);
  if (!binding.buffer) {
    report_from_outside(Rule::missing_argument, describe(&self),
                        fmt::format("{} bytes bound at index {}, where no buffer is set", bytes, index), site);
    return;
  }
  const uint64_t available = binding.buffer->length - binding.offset;
  if (bytes == 0 || bytes > available) {
    report_from_outside(Rule::buffer_range, describe(binding.buffer.get()),
                        fmt::format("{} bytes of it are bound at index {}; it has {} from offset {} on", bytes, index,
                                    available, binding.offset),
                        site);
    return;
  }
  binding.extent = bytes;
}
