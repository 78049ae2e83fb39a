#include "bench/results.h"

#include <fmt/format.h>

namespace temper::bench {
namespace {

OrderedJson to_json(const Timing& timing) {
  return {{"median", timing.median}, {"p10", timing.low}, {"p90", timing.high}, {"samples", timing.samples}};
}

/// The rate of what limits the case more: products or bytes.
std::string rate_text(const Result& result) {
  constexpr double flops_a_byte = 4;  // below, memory is what counts
  const double seconds = result.batched.median;
  if (result.flops > flops_a_byte * result.bytes) return fmt::format("{:.1f} GFLOP/s", result.flops / seconds / 1e9);
  return fmt::format("{:.1f} GB/s", result.bytes / seconds / 1e9);
}

}  // namespace

std::string time_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.1f} us", seconds * 1e6);
  if (seconds < 1.0) return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.2f} s", seconds);
}

std::string table_heading(bool alone, bool peer) {
  std::string line =
      fmt::format("{:<22}{:<34}{:<11}{:>10}{:>9}{:>16}{:>8}", "op", "shape", "type", "time", "spread", "rate", "limit");
  if (alone) line += fmt::format("{:>12}{:>12}", "on device", "alone");
  if (peer) line += fmt::format("{:>12}{:>9}", "peer", "ratio");
  return line;
}

std::string table_row(const Result& result, bool alone, bool peer) {
  const Timing& t = result.batched;
  std::string line =
      fmt::format("{:<22}{:<34}{:<11}{:>10}{:>8.0f}%{:>16}{:>7.0f}%", result.op, result.shape, result.dtype,
                  time_text(t.median), 100 * (t.high - t.low) / t.median, rate_text(result), 100 * result.limit_share);
  const auto cell = [](const std::optional<Timing>& timing) {
    return fmt::format("{:>12}", timing ? time_text(timing->median) : "");
  };
  if (alone) line += cell(result.device) + cell(result.alone);
  if (peer)
    line += result.peer ? fmt::format("{:>12}{:>8.2f}x", time_text(result.peer->median), result.peer->median / t.median)
                        : "  (" + result.peer_skipped + ")";
  return line;
}

OrderedJson to_json(const Result& result) {
  OrderedJson json = {{"op", result.op},
                      {"shape", result.shape},
                      {"dtype", result.dtype},
                      {"seconds", to_json(result.batched)},
                      {"calls", result.calls},
                      {"flops", result.flops},
                      {"bytes", result.bytes},
                      {"gflops_per_s", result.flops / result.batched.median / 1e9},
                      {"gbytes_per_s", result.bytes / result.batched.median / 1e9},
                      {"limit_percent", 100 * result.limit_share}};
  if (result.device) json["device_seconds"] = to_json(*result.device);
  if (result.alone) json["alone_seconds"] = to_json(*result.alone);
  if (result.peer) {
    json["peer_seconds"] = to_json(*result.peer);
    json["peer_ratio"] = result.peer->median / result.batched.median;
  } else if (!result.peer_skipped.empty()) {
    json["peer_skipped"] = result.peer_skipped;
  }
  return json;
}

OrderedJson to_json(const Limits& limits) {
  return {{"gflops_per_s", limits.flops_per_s() / 1e9},
          {"near_cache_gbytes_per_s", limits.bytes_per_s()[0] / 1e9},
          {"far_cache_gbytes_per_s", limits.bytes_per_s()[1] / 1e9},
          {"last_cache_gbytes_per_s", limits.bytes_per_s()[2] / 1e9},
          {"memory_gbytes_per_s", limits.bytes_per_s()[3] / 1e9}};
}

}  // namespace temper::bench
