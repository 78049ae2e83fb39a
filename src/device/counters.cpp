#include "device/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace temper {
namespace {

void append_by_count(std::string& text, const std::map<std::string, int64_t, std::less<>>& counts) {
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  // Equal counts stay in the order of their names.
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (const auto& [op, count] : sorted) text += fmt::format("  {:<32}{:>12}\n", op, count);
}

}  // namespace

int64_t Counters::total_launches() const {
  int64_t total = 0;
  for (const auto& [op, count] : launches) total += count;
  return total;
}

int64_t& Counters::slot(std::map<std::string, int64_t, std::less<>>& counts, std::string_view op) {
  const auto found = counts.find(op);
  return found != counts.end() ? found->second : counts.emplace(op, 0).first->second;
}

std::string to_string(const Counters& counters) {
  std::string text = fmt::format("kernel launches                   {:>12}\n", counters.total_launches());
  append_by_count(text, counters.launches);
  if (!counters.composites.empty()) {
    text += "ops without a kernel here, run as their composite\n";
    append_by_count(text, counters.composites);
  }
  if (!counters.placed.empty()) {
    text += fmt::format("ops placed on another device ({:.1f} MiB handed over)\n",
                        static_cast<double>(counters.placed_bytes) / 1048576.0);
    append_by_count(text, counters.placed);
  }
  if (counters.encoders + counters.dispatches + counters.kernels_created > 0)
    text += fmt::format("encoders {}, dispatches {}, kernels created {} ({} compiled earlier)\n", counters.encoders,
                        counters.dispatches, counters.kernels_created, counters.kernels_archived);
  text += fmt::format(
      "barriers {}, commits {}, host waits {}\nbuffers created {} ({:.1f} MiB), reused {}, peak {:.1f} MiB, CPU "
      "scratch {:.1f} MiB\n"
      "uploads {} ({:.1f} MiB), reads {} ({:.1f} MiB)\n",
      counters.barriers, counters.commits, counters.waits, counters.buffers_created,
      static_cast<double>(counters.bytes_created) / 1048576.0, counters.buffers_reused,
      static_cast<double>(counters.peak_bytes) / 1048576.0, static_cast<double>(counters.scratch_bytes) / 1048576.0,
      counters.uploads, static_cast<double>(counters.upload_bytes) / 1048576.0, counters.reads,
      static_cast<double>(counters.read_bytes) / 1048576.0);
  return text;
}

}  // namespace temper
