#pragma once

#include <string>

#include "train/dataset.h"

namespace temper::cli {

/// "none", "last" or "all" as --mask-prompt takes them.
train::PromptMask parse_mask(const std::string& name);

}  // namespace temper::cli
