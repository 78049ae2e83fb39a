#pragma once
#include <string>

#include "runtime/objc/object.h"

namespace metalhost {

// "client.cpp:41" for a return address in a program with line tables, the function's or the module's name otherwise.
// Inlined frames of metal-cpp's wrappers and of bindings are skipped.
std::string symbolize(CallSite site);
// The same for a frame that is on this thread's stack now: when it is a wrapper that wasn't inlined, its callers are
// looked at.
std::string symbolize_on_stack(CallSite site);

}  // namespace metalhost
