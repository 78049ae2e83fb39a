#pragma once

namespace metalhost {

// Takes over the fault signals, to judge accesses to pages that are closed while the GPU uses them.
void install_fault_handler();

}  // namespace metalhost
