#include "runtime/metal/compiled_kernel.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "msl/runner/threadgroups.h"
#include "runtime/metal/bound_blocks.h"
#include "runtime/metal/checked_run.h"
#include "runtime/metal/every_schedule.h"

namespace metalhost {
namespace {

// METALHOST_SCHEDULE=forward, reverse or random:SEED.
void choose_schedule(msl::Launch& launch) {
  const char* chosen = std::getenv("METALHOST_SCHEDULE");
  std::string_view text = chosen ? chosen : "forward";
  if (text == "reverse") launch.schedule = msl::Schedule::reverse;
  if (text.starts_with("random")) launch.schedule = msl::Schedule::random;
  if (auto colon = text.find(':'); colon != text.npos) launch.seed = std::strtoull(chosen + colon + 1, nullptr, 10);
}

// A kernel of one object, which it keeps loaded.
struct LoadedKernel {
  std::shared_ptr<const msl::Object> object;
  const msl::KernelEntry* entry = nullptr;
};

// The specialisations of one kernel: an object is loaded, and the kernel looked up, once for each set of constants.
struct Specialisations {
  LoadedKernel plain;
  std::mutex mutex;
  std::map<std::map<uint64_t, std::vector<std::byte>>, LoadedKernel> by_constants;

  const LoadedKernel& of(const std::map<uint64_t, std::vector<std::byte>>& constants) {
    if (constants.empty()) return plain;
    std::lock_guard lock(mutex);
    LoadedKernel& found = by_constants[constants];
    if (!found.entry) {
      found.object = msl::specialise(*plain.object, constants);
      found.entry = found.object->find(plain.entry->name);
    }
    return found;
  }
};

void run(const LoadedKernel& kernel, const Dispatch& dispatch) {
  msl::Launch launch;
  std::copy(dispatch.threadgroup_bytes.begin(), dispatch.threadgroup_bytes.end(), launch.threadgroup_bytes.begin());
  auto threads = [](const Extent& e) {
    return std::array{static_cast<uint32_t>(e.width), static_cast<uint32_t>(e.height), static_cast<uint32_t>(e.depth)};
  };
  launch.threads = threads(dispatch.threads);
  launch.group_threads = threads(dispatch.group_threads);
  choose_schedule(launch);
  const auto blocks = bound_blocks(*kernel.entry, dispatch);
  auto run_once = [&](msl::Launch chosen) {
    if (kernel.object->checks_accesses()) {
      run_checked(*kernel.object, *kernel.entry, dispatch, blocks, chosen);
      return;
    }
    GuardedBlocks guarded(blocks);
    bind_buffers(chosen, dispatch, blocks, guarded.memory());
    msl::run_threadgroups(*kernel.entry, chosen);
  };
  if (every_schedule_is_chosen()) {
    run_in_every_schedule(kernel.entry->name, dispatch, blocks, launch, run_once);
  } else {
    run_once(launch);
  }
}

}  // namespace

std::vector<std::string> kernel_names(const msl::Object& object) {
  std::vector<std::string> names;
  for (const auto* kernel : object.kernels()) names.push_back(kernel->name);
  return names;
}

std::shared_ptr<const HostKernel> compiled_kernel(std::shared_ptr<const msl::Object> object, const std::string& name) {
  const msl::KernelEntry* entry = object->find(name);
  if (!entry) return nullptr;
  auto kernel = std::make_shared<HostKernel>();
  kernel->name = name;
  if (entry->max_threads > 0) kernel->max_threads_per_threadgroup = static_cast<uint64_t>(entry->max_threads);
  std::size_t slot = 0;
  for (const auto* constant : object->constants()) {
    const bool is_used = entry->constants[slot / 64] >> slot % 64 & 1;
    ++slot;
    if (!is_used) continue;
    kernel->constants.push_back({static_cast<uint64_t>(constant->index), constant->name,
                                 static_cast<uint64_t>(constant->data_type), constant->required});
  }
  kernel->checks_accesses = object->checks_accesses();
  auto specialisations = std::make_shared<Specialisations>();
  specialisations->plain = {object, entry};
  for (int i = 0; i < entry->argument_count; ++i) {
    const msl::Argument& argument = entry->arguments[i];
    if (argument.kind != msl::ArgumentKind::buffer) continue;
    const auto alignment = static_cast<uint64_t>(std::max(argument.alignment, entry->alignments[i]));
    kernel->arguments.push_back({static_cast<uint64_t>(argument.index), argument.writes, nullptr, alignment});
    if (!argument.is_optional) continue;
    kernel->arguments.back().is_used = [specialisations, i](const Dispatch& dispatch) {
      return specialisations->of(dispatch.constants).entry->has(i);
    };
  }
  kernel->body = [specialisations](const Dispatch& dispatch) {
    run(specialisations->of(dispatch.constants), dispatch);
  };
  return kernel;
}

}  // namespace metalhost
