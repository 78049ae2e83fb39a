// The settings of the emulation that all parts read.
#pragma once
#include "runtime/objc/class.h"

namespace metalhost {

// The macOS version that availability is judged by.
MacOs emulated_macos();

}  // namespace metalhost
