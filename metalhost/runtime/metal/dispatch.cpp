// Encoding a compute dispatch: every check that needs the whole picture, then the command.
#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/compute_encoder.h"
#include "runtime/metal/every_schedule.h"

namespace metalhost {
namespace {

bool check_grid(ComputeEncoder& self, Size grid, Size group) {
  const ComputePipeline& pipeline = *self.pipeline;
  uint64_t limit = pipeline.max_threads_per_threadgroup, threads = group.width * group.height * group.depth;
  if (threads == 0 || group.width > 1024 || group.height > 1024 || group.depth > 1024 || threads > limit) {
    report(Rule::threadgroup_size, &self,
           fmt::format("{} x {} x {} threads a threadgroup; pipeline '{}' takes 1 to {}", group.width, group.height,
                       group.depth, pipeline.label, limit));
    return false;
  }
  uint64_t simd = self.command_buffer->device()->profile.simd_width;
  if (pipeline.group_is_multiple_of_simd_width && threads % simd != 0) {
    report(Rule::threadgroup_size, &self,
           fmt::format("{} threads a threadgroup; pipeline '{}' was made for multiples of {}", threads, pipeline.label,
                       simd));
    return false;
  }
  if (grid.width == 0 || grid.height == 0 || grid.depth == 0) {
    report(Rule::empty_grid, &self, fmt::format("a grid of {} x {} x {}", grid.width, grid.height, grid.depth));
    return false;
  }
  return true;
}

bool check_threadgroup_memory(ComputeEncoder& self) {
  uint64_t limit = self.command_buffer->device()->profile.max_threadgroup_bytes;
  uint64_t total = std::accumulate(self.threadgroup_bytes.begin(), self.threadgroup_bytes.end(),
                                   self.pipeline->kernel->static_threadgroup_bytes);
  if (total <= limit) return true;
  report(Rule::threadgroup_memory, &self, fmt::format("{} bytes in all; the device has {}", total, limit));
  return false;
}

// What the kernel will see.
Dispatch make_dispatch(ComputeEncoder& self, Size grid, Size group, bool grid_in_threads) {
  const bool checked = self.pipeline->kernel->checks_accesses, needs_names = checked || every_schedule_is_chosen();
  Dispatch dispatch;
  dispatch.group_threads = {group.width, group.height, group.depth};
  dispatch.threads = {grid.width, grid.height, grid.depth};
  if (!grid_in_threads) {
    dispatch.threads = {grid.width * group.width, grid.height * group.height, grid.depth * group.depth};
  }
  dispatch.constants = self.pipeline->constants;
  dispatch.threadgroup_bytes.assign(self.threadgroup_bytes.begin(), self.threadgroup_bytes.end());
  for (const auto& binding : self.bindings) {
    std::span<std::byte> bytes;
    if (binding.buffer)
      bytes = {binding.buffer->gpu(binding.offset), binding.extent.value_or(binding.buffer->length - binding.offset)};
    if (binding.bytes) bytes = *binding.bytes;
    dispatch.arguments.push_back(bytes);
    if (needs_names) dispatch.names.push_back(binding.buffer ? describe(binding.buffer.get()) : "inline bytes");
  }
  if (self.type == DispatchType::concurrent && checked) {
    dispatch.concurrent = std::make_shared<ConcurrentDispatch>(self.concurrent, std::exchange(self.barriers, {}));
  }
  return dispatch;
}

// The ranges that the kernel says it touches; false after a report about one that is not there.
bool find_accesses(ComputeEncoder& self, const Dispatch& dispatch, std::vector<Access>& accesses) {
  for (const auto& argument : self.pipeline->kernel->arguments) {
    const auto& binding = self.bindings.at(argument.index);
    if (argument.is_used && !argument.is_used(dispatch)) continue;
    if (!binding.is_set()) {
      report(Rule::missing_argument, &self,
             fmt::format("kernel '{}' uses buffer {}, which is not set", self.pipeline->kernel->name, argument.index));
      return false;
    }
    if (binding.buffer && binding.offset % argument.alignment != 0) {
      report(Rule::argument_offset, binding.buffer.get(),
             fmt::format("kernel '{}' has it as buffer {}, bound at offset {}, which is not a multiple of {}",
                         self.pipeline->kernel->name, argument.index, binding.offset, argument.alignment));
      return false;
    }
    uint64_t available = dispatch.arguments[argument.index].size();
    uint64_t bytes = argument.bytes ? argument.bytes(dispatch) : available;
    if (bytes > available) {
      report(Rule::buffer_range, binding.buffer ? static_cast<Object*>(binding.buffer.get()) : &self,
             fmt::format("kernel '{}' touches {} bytes of buffer {}, which has {} from its offset on",
                         self.pipeline->kernel->name, bytes, argument.index, available));
      return false;
    }
    if (binding.buffer && bytes > 0) {
      accesses.push_back(access_of(*binding.buffer, binding.offset, bytes, argument.writes));
    }
  }
  return true;
}

// A concurrent encoder runs its dispatches in any order and at once, but for barriers.
void check_barriers(ComputeEncoder& self, const std::string& kernel, const std::vector<Access>& accesses) {
  const bool checked = self.pipeline->kernel->checks_accesses;
  const ComputeEncoder::Unordered* conflict = nullptr;
  const Access* mine = nullptr;
  for (const Access& access : accesses) {
    for (const auto& earlier : self.unordered) {
      if (!conflict && !(checked && earlier.checks_accesses) && access.conflicts_with(earlier.access)) {
        conflict = &earlier;
        mine = &access;
      }
    }
  }
  std::string text;
  if (conflict) {
    text = fmt::format(
        "'{}' {} bytes {}..{} of {}, which '{}' {}, in a concurrent encoder without a memory barrier between them",
        kernel, mine->writes ? "writes" : "reads", mine->begin, mine->end, mine->object, conflict->kernel,
        conflict->access.writes ? "writes" : "reads");
  }
  for (const Access& access : accesses) self.unordered.push_back({kernel, access, checked});
  if (!text.empty()) report(Rule::missing_barrier, &self, std::move(text));
}

}  // namespace

void dispatch(ComputeEncoder& self, Size grid, Size group, bool grid_in_threads) {
  if (!self.can_encode()) return;
  if (!self.pipeline) {
    report(Rule::no_pipeline, &self, "setComputePipelineState: was not called");
    return;
  }
  if (!check_grid(self, grid, group) || !check_threadgroup_memory(self)) return;
  Dispatch seen = make_dispatch(self, grid, group, grid_in_threads);
  Command command{.name = self.pipeline->kernel->name};
  if (!find_accesses(self, seen, command.accesses)) return;
  if (self.type == DispatchType::concurrent) check_barriers(self, command.name, command.accesses);
  std::vector<std::shared_ptr<std::vector<std::byte>>> inline_bytes;
  for (const auto& binding : self.bindings) {
    if (binding.bytes) inline_bytes.push_back(binding.bytes);
  }
  command.run = [kernel = self.pipeline->kernel, seen = std::move(seen), inline_bytes = std::move(inline_bytes)] {
    kernel->body(seen);
  };
  log_event(EventKind::dispatch, &self, command.name);
  self.add(std::move(command));
}

}  // namespace metalhost
