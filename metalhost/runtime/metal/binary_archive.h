// MTLBinaryArchive and its descriptor: which kernels were compiled for which constants. What Apple keeps as machine
// code, metalhost keeps as names, since its compiler has a cache of its own: hits and misses are what a program can
// see.
#pragma once
#include <set>

#include "runtime/foundation/error.h"
#include "runtime/foundation/url.h"
#include "runtime/metal/device.h"

namespace metalhost {

struct Function;

struct BinaryArchiveDescriptor : Object {
  Ref<Url> url;
};

struct BinaryArchive : Object {
  Device* device = nullptr;
  std::string label;
  std::set<std::string> functions;
  std::string label_text() const { return label; }
};

// Empty when the descriptor names no file; null, with an error, when the file isn't an archive of this device.
Ref<BinaryArchive> new_binary_archive(Device& device, BinaryArchiveDescriptor& descriptor, Error** error);
// What tells one compiled function from another: name, text of the library, constants.
std::string archived_name(const Function& function);

void register_binary_archives();

}  // namespace metalhost
