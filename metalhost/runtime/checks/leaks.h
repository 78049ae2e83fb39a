#pragma once

namespace metalhost {

void install_leak_check();

}  // namespace metalhost
