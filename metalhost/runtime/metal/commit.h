#pragma once
#include "runtime/metal/command_buffer.h"

namespace metalhost {

// -commit: the last checks, then over to the GPU thread.
void commit(CommandBuffer& buffer);

}  // namespace metalhost
