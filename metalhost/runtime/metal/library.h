// MTLLibrary, MTLFunction, MTLFunctionConstantValues.
#pragma once
#include "runtime/foundation/error.h"
#include "runtime/foundation/url.h"
#include "runtime/metal/device.h"
#include "runtime/metal/kernel_registry.h"
#include "runtime/metal/types.h"

namespace metalhost {

namespace msl {
class Object;
}

struct FunctionConstants : Object {
  struct Value {
    uint64_t type;
    std::vector<std::byte> bytes;
  };
  std::map<uint64_t, Value> by_index;
  std::map<std::string, Value> by_name;
};

struct Function : Object {
  Device* device = nullptr;
  std::string label;
  std::shared_ptr<const HostKernel> kernel;
  std::map<uint64_t, std::vector<std::byte>> constants;  // as specialised
  bool is_specialised = false;
  uint64_t source_hash = 0;  // of its library
  std::string label_text() const { return kernel->name; }
};

struct Library : Object {
  Device* device = nullptr;
  std::string label;
  std::vector<std::string> names;
  uint64_t source_hash = 0;                   // 0: host functions
  std::shared_ptr<const msl::Object> object;  // of a library compiled from source
  std::string label_text() const { return label; }
};

Ref<Library> new_default_library(Device& device);
Ref<Library> new_library_from_object(Device& device, std::shared_ptr<const msl::Object> object);
Ref<Library> new_library_from_source(Device& device, const std::string& source, Error** error);
Ref<Library> new_library_from_data(Device& device, const std::string& data, Error** error);
Ref<Library> new_library_from_file(Device& device, const std::string& path, Error** error);

void register_libraries();

}  // namespace metalhost
