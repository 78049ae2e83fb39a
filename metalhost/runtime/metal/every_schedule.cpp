#include "runtime/metal/every_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "runtime/checks/report.h"

namespace metalhost {
namespace {

using Contents = std::vector<std::vector<std::byte>>;

Contents read_written(std::span<const BoundBlock> blocks) {
  Contents out;
  for (const BoundBlock& block : blocks) {
    if (block.writes) out.emplace_back(block.bytes.begin(), block.bytes.end());
  }
  return out;
}

void put_back(std::span<const BoundBlock> blocks, const Contents& contents) {
  auto next = contents.begin();
  for (const BoundBlock& block : blocks) {
    if (!block.writes) continue;
    std::memcpy(block.bytes.data(), next->data(), next->size());
    ++next;
  }
}

void compare(const std::string& kernel, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
             const Contents& forward, const char* order) {
  auto expected = forward.begin();
  for (const BoundBlock& block : blocks) {
    if (!block.writes) continue;
    auto [mine, theirs] = std::mismatch(block.bytes.begin(), block.bytes.end(), expected->begin());
    ++expected;
    if (mine == block.bytes.end()) continue;
    const std::byte* address = &*mine;
    for (std::size_t i = 0; i < dispatch.arguments.size(); ++i) {
      auto bytes = dispatch.arguments[i];
      if (address < bytes.data() || address >= bytes.data() + bytes.size()) continue;
      report_from_outside(Rule::schedule_dependence,
                          i < dispatch.names.size() ? dispatch.names[i] : fmt::format("buffer {}", i),
                          fmt::format("kernel '{}': byte {} of buffer {} is {:#04x} with its threads in forward order "
                                      "and {:#04x} in {} order",
                                      kernel, address - bytes.data(), i, std::to_integer<int>(*theirs),
                                      std::to_integer<int>(*mine), order),
                          std::string());
      return;
    }
  }
}

}  // namespace

bool every_schedule_is_chosen() {
  const char* chosen = std::getenv("METALHOST_SCHEDULE");
  return chosen && std::string_view(chosen) == "every";
}

void run_in_every_schedule(const std::string& kernel, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
                           msl::Launch launch, const std::function<void(const msl::Launch&)>& run) {
  const Contents before = read_written(blocks);
  launch.schedule = msl::Schedule::forward;
  run(launch);
  const Contents forward = read_written(blocks);
  for (auto [schedule, order] : {std::pair{msl::Schedule::reverse, "reverse"}, {msl::Schedule::random, "a random"}}) {
    put_back(blocks, before);
    launch.schedule = schedule;
    run(launch);
    compare(kernel, dispatch, blocks, forward, order);
  }
  put_back(blocks, forward);
}

}  // namespace metalhost
