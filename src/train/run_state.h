#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapter/lora_adapter.h"
#include "ops/state.h"
#include "train/batches.h"

namespace temper::train {

/// Everything a run needs to go on as if it had never stopped, beside the adapter's parameters.
struct RunState {
  int64_t step = 0;  ///< optimizer steps done
  DataCursor cursor = {};
  State m, v;  ///< AdamW's moments, f32 [parameters]
  double loss_scale = 1.0;
  int64_t steps_since_scale_change = 0;
};

/// Checkpoints of a run: `out`/checkpoints/step-N, each a folder written whole or not at all (temporary name, fsync,
/// rename), and the file `latest` naming the newest. Each is a PEFT folder too. The last three are kept.
class CheckpointStore {
 public:
  /// `identity` describes the run (configuration, model, data): a checkpoint of another run is refused on load.
  CheckpointStore(const std::filesystem::path& out, OrderedJson identity);

  void save(Context& ctx, const LoraAdapter& adapter, const RunState& state) const;
  /// Deletes what a killed run left half written.
  void remove_unfinished() const;
  /// Folder of the newest complete checkpoint; empty when there is none.
  std::optional<std::filesystem::path> latest() const;
  /// Fills `state` and the adapter's parameters. Throws Error{invalid_argument} naming every setting that differs from
  /// the checkpoint's run, Error{format} for a damaged checkpoint.
  void load(Context& ctx, const std::filesystem::path& folder, LoraAdapter& adapter, RunState& state) const;

 private:
  std::filesystem::path folder_;
  OrderedJson identity_;
};

}  // namespace temper::train
