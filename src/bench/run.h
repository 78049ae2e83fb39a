#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/bench_case.h"
#include "bench/limits.h"
#include "bench/peer.h"
#include "bench/timing.h"

namespace temper::bench {

struct Result {
  std::string op, shape, dtype;
  double flops = 0, bytes = 0;   // of a call
  Timing batched;                // calls encoded one after the other, waited for once
  std::optional<Timing> alone;   // each call committed and waited for: a device with command buffers only
  std::optional<Timing> device;  // the device's own time for a call of `batched`, where it tells
  std::optional<Timing> peer;
  std::string peer_skipped;  // why the peer has no timing
  int calls = 0;             // of a sample
  double limit_share = 0;    // of the batched median, see Limits

  std::string name() const { return op + " " + shape + " " + dtype; }
};

struct RunOptions {
  int rounds = 9;
  double sample_seconds = 0.01;  ///< calls of a sample take about this long
  int most_calls = 100;
};

/// Measures a case: its check first, then samples of both kinds and of the peer by turns. Throws what the check throws.
Result run_case(Context& ctx, const Case& c, const RunOptions& options, Peer* peer);

/// Sets each result's share of the limits, which the results raise first.
void apply_limits(Limits& limits, const std::vector<Case>& cases, std::vector<Result>& results);

}  // namespace temper::bench
