#pragma once

namespace metalhost {

void register_root();

}  // namespace metalhost
