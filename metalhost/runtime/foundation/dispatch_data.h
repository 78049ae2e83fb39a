// dispatch_data_t, which is an object: bytes that MTLDevice makes a library of.
#pragma once
#include <string>

#include "runtime/objc/memory.h"

namespace metalhost {

struct DispatchData : Object {
  std::string bytes;
};

void register_dispatch_data();

}  // namespace metalhost
