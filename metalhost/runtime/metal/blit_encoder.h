// MTLBlitCommandEncoder: copies and fills of buffers.
#pragma once
#include "runtime/metal/encoder.h"

namespace metalhost {

struct BlitEncoder : CommandEncoder {};

Ref<BlitEncoder> new_blit_encoder(CommandBuffer& buffer);

void register_blit_encoders();

}  // namespace metalhost
