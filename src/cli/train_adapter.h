#pragma once

#include "adapter/lora_adapter.h"
#include "cli/train_options.h"

namespace temper::cli {

/// The adapter that a run begins with: a new one as the options describe it, or --init-adapter's, whose rank, alpha,
/// targets and scaling then hold. Throws Error{usage} when an option that was given contradicts that adapter.
LoraAdapter initial_adapter(Context& ctx, const LanguageModel& model, const TrainOptions& options);

}  // namespace temper::cli
