#pragma once

#include "cli/fixtures.h"

namespace temper::testing {

/// A run of `temper train` on the tiny model, quick and without samples: its words, and where its results are.
struct TrainRun {
  std::string data, out;

  TrainRun(const TestFolder& folder, const std::string& name = "out", size_t train_rows = 16, size_t valid_rows = 4);
  Words words(const Words& more = {}) const;
  Outcome run(const Words& more = {}, const ProgramOptions& options = {}) const {
    return run_program(words(more), options);
  }

  std::string adapter_bytes() const;
  std::string optimizer_bytes(int step) const;
  /// Names in out/checkpoints, sorted.
  Words checkpoints() const;
  /// The steps of type "train" in metrics.jsonl, in their order.
  std::vector<int> metric_steps() const;
  OrderedJson adapter_config() const;
};

/// Waits until --log-json has shown step `step`.
bool wait_for_step(Program& program, int step);

}  // namespace temper::testing
