#include "device/metal/compute.h"

#ifndef __APPLE__
#include <metalhost/bind_extent.h>
#endif

#include <algorithm>

#include "base/fail.h"
#include "device/metal/memory.h"

namespace temper::metal {
namespace {

constexpr int kSimdWidth = 32;

MTL::Size size_of(const Grid& grid) {
  return MTL::Size::Make(static_cast<NS::UInteger>(grid.x), static_cast<NS::UInteger>(grid.y),
                         static_cast<NS::UInteger>(grid.z));
}

}  // namespace

void ComputeCommands::kernel(const KernelName& name) {
  pipeline_ = &pipelines_.get(name, counters_);
  encoder_.setComputePipelineState(pipeline_);
}

bool ComputeCommands::declares(Operands operands, const Operand& operand) const {
  return std::ranges::any_of(operands, [&](const Operand& other) { return other.buffer == operand.buffer; });
}

void ComputeCommands::read(int index, const Operand& operand) {
  TEMPER_ASSERT(!operand.defined() || declares(declared_.inputs, operand) || declares(declared_.outputs, operand) ||
                declares(declared_.scratch, operand));
  bind(index, operand);
}

void ComputeCommands::write(int index, const Operand& operand) {
  TEMPER_ASSERT(!operand.defined() || declares(declared_.outputs, operand) || declares(declared_.scratch, operand));
  bind(index, operand);
}

void ComputeCommands::bind(int index, const Operand& operand) {
  const auto at = static_cast<NS::UInteger>(index);
  if (!operand.defined() || operand.elements() == 0) return encoder_.setBuffer(&pipelines_.nothing(), 0, at);
  const MetalMemory& memory = memory_of(*operand.buffer);
  const MemoryRange range = range_of(operand);
  const size_t before = range.begin - memory.address(), bytes = range.end - range.begin;
  TEMPER_ASSERT(before + bytes <= operand.buffer->bytes());
  encoder_.setBuffer(&memory.buffer(), memory.offset() + before, at);
#ifndef __APPLE__
  metalhost::bind_extent(&encoder_, bytes, at);
#endif
}

void ComputeCommands::bytes(int index, std::span<const std::byte> parameters) {
  encoder_.setBytes(parameters.data(), parameters.size(), static_cast<NS::UInteger>(index));
}

void ComputeCommands::faults(int index) {
  const auto at = static_cast<NS::UInteger>(index);
  TEMPER_ASSERT(faults_.buffer);
  encoder_.setBuffer(faults_.buffer, faults_.offset, at);
#ifndef __APPLE__
  metalhost::bind_extent(&encoder_, sizeof(FaultRecord), at);
#endif
}

void ComputeCommands::check(const Grid& grid, const Grid& group) const {
  constexpr int64_t limit = int64_t{1} << 32;  // positions are 32 bits wide in kernels
  TEMPER_ASSERT(pipeline_ && group.count() > 0 &&
                group.count() <= static_cast<int64_t>(pipeline_->maxTotalThreadsPerThreadgroup()));
  TEMPER_ASSERT(grid.x * group.x < limit && grid.y * group.y < limit && grid.z * group.z < limit);
}

void ComputeCommands::dispatch_threads(const Grid& threads, const Grid& group) {
  if (threads.count() == 0) return;
  check(threads, group);
  encoder_.dispatchThreads(size_of(threads), size_of(group));
  ++counters_.dispatches;
}

void ComputeCommands::dispatch_elements(int64_t count) {
  constexpr int64_t per_thread = 4;  // kPerThread of kernels/shared/types.h
  dispatch_threads({(count + per_thread - 1) / per_thread}, {256});
}

void ComputeCommands::dispatch_groups(const Grid& groups, const Grid& group) {
  if (groups.count() == 0) return;
  check(groups, group);
  encoder_.dispatchThreadgroups(size_of(groups), size_of(group));
  ++counters_.dispatches;
}

void ComputeCommands::barrier() {
  encoder_.memoryBarrier(MTL::BarrierScopeBuffers);
  ++counters_.barriers;
}

bool fits_kernels(std::span<const TensorSpec> specs) {
  constexpr int64_t limit = int64_t{1} << 31;
  return std::ranges::all_of(specs, [](const TensorSpec& spec) {
    return spec.layout.shape.elements() < limit && spec.layout.end() - spec.layout.offset < limit;
  });
}

int64_t row_threads(int64_t columns) {
  const int64_t simdgroups = std::clamp<int64_t>((columns + 4 * kSimdWidth - 1) / (4 * kSimdWidth), 1, 8);
  return simdgroups * kSimdWidth;
}

std::string_view kernel_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f16:
      return "f16";
    case DType::bf16:
      return "bf16";
    case DType::i32:
      return "i32";
    case DType::i64:
      return "i64";
    case DType::u8:
      return "u8";
    case DType::boolean:
      return "bool";
    case DType::f64:
      break;
  }
  fail(ErrorCode::internal, "metal: kernels know no f64");
}

}  // namespace temper::metal
