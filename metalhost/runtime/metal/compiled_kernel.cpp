#include "runtime/metal/compiled_kernel.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "msl/config.h"
#include "msl/runner/threadgroups.h"

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

  const msl::KernelEntry& of(const std::map<uint64_t, std::vector<std::byte>>& constants) {
    if (constants.empty()) return *plain.entry;
    std::lock_guard lock(mutex);
    LoadedKernel& found = by_constants[constants];
    if (!found.entry) {
      found.object = msl::specialise(*plain.object, constants);
      found.entry = found.object->find(plain.entry->name);
    }
    return *found.entry;
  }
};

// What is bound, as the kernel sees it. Under AddressSanitizer each piece of bound memory is a heap block of its own
// for the time of the dispatch, so that every access past what is bound is found; bindings that overlap share one.
class GuardedArguments {
 public:
  explicit GuardedArguments(std::span<const std::span<std::byte>> bound) : bound_(bound) {
    if (METALHOST_MSL_ASAN) copy_in();
  }
  ~GuardedArguments() {
    for (const Block& block : blocks_) std::memcpy(block.from.data(), block.memory.get(), block.from.size());
  }
  GuardedArguments(const GuardedArguments&) = delete;
  GuardedArguments& operator=(const GuardedArguments&) = delete;

  void* address_of(std::size_t argument) const {
    std::byte* data = bound_[argument].data();
    for (const Block& block : blocks_) {
      if (data >= block.from.data() && data < block.from.data() + block.from.size())
        return block.memory.get() + (data - block.from.data());
    }
    return data;
  }

 private:
  struct Block {
    std::span<std::byte> from;
    std::unique_ptr<std::byte[]> memory = nullptr;
  };

  void copy_in() {
    std::vector<std::span<std::byte>> pieces;
    for (auto piece : bound_) {
      if (!piece.empty()) pieces.push_back(piece);
    }
    std::sort(pieces.begin(), pieces.end(), [](auto a, auto b) { return a.data() < b.data(); });
    for (auto piece : pieces) {
      std::byte* end = piece.data() + piece.size();
      if (!blocks_.empty() && piece.data() < blocks_.back().from.data() + blocks_.back().from.size()) {
        auto& from = blocks_.back().from;
        from = {from.data(), std::max(end, from.data() + from.size())};
      } else {
        blocks_.push_back({piece});
      }
    }
    for (Block& block : blocks_) {
      block.memory.reset(new std::byte[block.from.size()]);
      std::memcpy(block.memory.get(), block.from.data(), block.from.size());
    }
  }

  std::span<const std::span<std::byte>> bound_;
  std::vector<Block> blocks_;
};

void run(const msl::KernelEntry& kernel, const Dispatch& dispatch) {
  msl::Launch launch;
  GuardedArguments arguments(dispatch.arguments);
  for (std::size_t i = 0; i < dispatch.arguments.size(); ++i) launch.buffers[i] = arguments.address_of(i);
  std::copy(dispatch.threadgroup_bytes.begin(), dispatch.threadgroup_bytes.end(), launch.threadgroup_bytes.begin());
  auto threads = [](const Extent& e) {
    return std::array{static_cast<uint32_t>(e.width), static_cast<uint32_t>(e.height), static_cast<uint32_t>(e.depth)};
  };
  launch.threads = threads(dispatch.threads);
  launch.group_threads = threads(dispatch.group_threads);
  choose_schedule(launch);
  msl::run_threadgroups(kernel, launch);
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
  for (int i = 0; i < entry->argument_count; ++i) {
    const msl::Argument& argument = entry->arguments[i];
    if (argument.kind != msl::ArgumentKind::buffer) continue;
    const auto alignment = static_cast<uint64_t>(std::max(argument.alignment, entry->alignments[i]));
    kernel->arguments.push_back({static_cast<uint64_t>(argument.index), argument.writes, nullptr, alignment});
  }
  for (const auto* constant : object->constants()) {
    kernel->constants.push_back({static_cast<uint64_t>(constant->index), constant->name,
                                 static_cast<uint64_t>(constant->data_type), constant->required});
  }
  auto specialisations = std::make_shared<Specialisations>();
  specialisations->plain = {std::move(object), entry};
  kernel->body = [specialisations](const Dispatch& dispatch) {
    run(specialisations->of(dispatch.constants), dispatch);
  };
  return kernel;
}

}  // namespace metalhost
