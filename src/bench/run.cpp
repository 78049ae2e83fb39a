#include "bench/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "device/device_clock.h"

namespace temper::bench {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Between the turns of two programs: idle threads spin for a while and would take the other one's cores.
void let_threads_sleep() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace

Result run_case(Context& ctx, const Case& c, const RunOptions& options, Peer* peer) {
  Result result;
  result.op = c.op;
  result.shape = c.shape;
  result.dtype = c.dtype;
  result.flops = c.flops;
  result.bytes = c.bytes;
  const Prepared prepared = c.prepare(ctx);
  prepared.check();
  if (prepared.durations) {
    result.batched = summarise(prepared.durations(options.rounds));
    result.calls = 1;
    if (peer) result.peer_skipped = "not an op";
    return result;
  }
  const auto batched = [&](int calls) {
    return seconds_of([&] {
             for (int i = 0; i < calls; ++i) prepared.encode();
             ctx.stream().synchronize();
           }) /
           calls;
  };
  batched(1);  // makes kernels and memory
  result.calls = static_cast<int>(
      std::clamp(std::ceil(options.sample_seconds / batched(1)), 1.0, static_cast<double>(options.most_calls)));
  batched(result.calls);
  if (peer) {
    if (c.peer.is_null())
      result.peer_skipped = "no such op";
    else
      result.peer_skipped = peer->prepare(c.peer).value_or("");
  }
  const bool with_peer = peer && result.peer_skipped.empty();
  const bool has_command_buffers = ctx.device().type != DeviceType::cpu;
  const auto* clock = dynamic_cast<const DeviceClock*>(&ctx.stream());
  std::vector<double> together, on_device, alone, of_peer;
  for (int round = 0; round < options.rounds; ++round) {
    if (with_peer) let_threads_sleep(), batched(1);
    const double device_before = clock ? clock->device_seconds() : 0;
    together.push_back(batched(result.calls));
    if (clock) on_device.push_back((clock->device_seconds() - device_before) / result.calls);
    if (has_command_buffers) alone.push_back(batched(1));
    if (with_peer) let_threads_sleep(), peer->sample(1), of_peer.push_back(peer->sample(result.calls));
  }
  result.batched = summarise(std::move(together));
  if (clock) result.device = summarise(std::move(on_device));
  if (has_command_buffers) result.alone = summarise(std::move(alone));
  if (with_peer) result.peer = summarise(std::move(of_peer));
  return result;
}

void apply_limits(Limits& limits, const std::vector<Case>& cases, std::vector<Result>& results) {
  for (size_t i = 0; i < results.size(); ++i) limits.admit(cases[i], results[i].batched.median);
  for (size_t i = 0; i < results.size(); ++i)
    results[i].limit_share = limits.share(cases[i], results[i].batched.median);
}

}  // namespace temper::bench
