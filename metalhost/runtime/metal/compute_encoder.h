// MTLComputeCommandEncoder.
#pragma once
#include <array>
#include <optional>

#include "runtime/metal/concurrent_accesses.h"
#include "runtime/metal/encoder.h"
#include "runtime/metal/pipeline.h"

namespace metalhost {

enum class DispatchType : uint64_t { serial = 0, concurrent = 1 };

inline constexpr std::size_t kMaxBufferIndices = 31;

struct ComputeEncoder : CommandEncoder {
  struct Binding {
    Ref<Buffer> buffer;  // or bytes
    uint64_t offset = 0;
    std::shared_ptr<std::vector<std::byte>> bytes;
    std::optional<uint64_t> extent = std::nullopt;  // bytes of the buffer that the program says it binds
    bool is_set() const { return buffer || bytes; }
  };

  DispatchType type = DispatchType::serial;
  Ref<ComputePipeline> pipeline;
  std::array<Binding, kMaxBufferIndices> bindings;
  std::array<uint64_t, kMaxBufferIndices> threadgroup_bytes{};
  // Of a concurrent encoder: what was dispatched since the last barrier.
  struct Unordered {
    std::string kernel;
    Access access;
    bool checks_accesses = false;  // two such kernels are judged by what they touch when they run
  };
  std::vector<Unordered> unordered;
  std::shared_ptr<ConcurrentAccesses> concurrent = std::make_shared<ConcurrentAccesses>();
  std::vector<std::pair<uintptr_t, uintptr_t>> barriers;  // for the next dispatch
};

Ref<ComputeEncoder> new_compute_encoder(CommandBuffer& buffer, DispatchType type);

// dispatch.cpp: `groups` are counted in threadgroups, or in threads.
void dispatch(ComputeEncoder& encoder, Size grid, Size group_threads, bool grid_in_threads);

void register_compute_encoders();

}  // namespace metalhost
