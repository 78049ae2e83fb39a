// The classes of Metal Performance Shaders.
#pragma once

namespace metalhost {

void register_mps();

}  // namespace metalhost
