// METALHOST_SCHEDULE=every: each dispatch runs with its threads in three orders, which must give the same bits.
#pragma once
#include <functional>

#include "runtime/metal/bound_blocks.h"

namespace metalhost {

bool every_schedule_is_chosen();

// What stays in the blocks is what the forward order gave.
void run_in_every_schedule(const std::string& kernel, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
                           msl::Launch launch, const std::function<void(const msl::Launch&)>& run);

}  // namespace metalhost
