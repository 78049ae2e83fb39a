// NSURL, for files.
#pragma once
#include "runtime/objc/memory.h"

namespace metalhost {

struct Url : Object {
  std::string path;
  std::string label_text() const { return path; }
};

void register_urls();

}  // namespace metalhost
