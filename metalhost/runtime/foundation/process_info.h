#pragma once

namespace metalhost {

void register_process_info();

}  // namespace metalhost
