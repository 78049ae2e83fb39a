#pragma once
#include <string>

#include "runtime/objc/object.h"

namespace metalhost {

// "client.cpp:41" for a return address in a program with line tables, the function's or the module's name otherwise.
// Frames of metal-cpp's inlined wrappers are skipped, and so are bindings in files named mps.hpp.
std::string symbolize(CallSite site);

}  // namespace metalhost
