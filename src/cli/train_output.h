#pragma once

#include <filesystem>

#include "base/file.h"
#include "cli/train_options.h"

namespace temper::cli {

/// Refuses an --out that is a file, or a folder with something in it that neither --resume nor --overwrite was given
/// for.
void check_out(const TrainOptions& options);

/// Makes the folder ready, to be this run's alone as long as the lock lives: with --overwrite what an earlier run wrote
/// is removed, and nothing else. To be called when everything that can be wrong with a run has been checked. Leftovers
/// of a run that was killed while writing go, too.
[[nodiscard]] FolderLock prepare_out(const TrainOptions& options);

}  // namespace temper::cli
