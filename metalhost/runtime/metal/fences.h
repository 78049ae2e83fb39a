// Fences order the passes of one queue on untracked resources.
#pragma once
#include "runtime/metal/encoder.h"

namespace metalhost {

void update_fence(CommandEncoder& encoder, Fence& fence);
void wait_for_fence(CommandEncoder& encoder, Fence& fence);

}  // namespace metalhost
