// Descriptor objects: settings that programs fill in.
#pragma once
#include "runtime/foundation/collections.h"
#include "runtime/foundation/string.h"
#include "runtime/metal/types.h"

namespace metalhost {

struct CommandBufferDescriptor : Object {
  bool retained_references = true;
  uint64_t error_options = 0;
};

struct CommandQueueDescriptor : Object {
  uint64_t max_command_buffers = 64;
};

struct HeapDescriptor : Object {
  uint64_t size = 0;
  uint64_t cache_mode = 0;
  StorageMode storage = StorageMode::device_private;
  HazardTracking hazards = HazardTracking::automatic;
  int64_t type = 0;  // automatic; 1 is placement
};

struct ResidencySetDescriptor : Object {
  std::string label;
  uint64_t initial_capacity = 0;
};

// Accepted and ignored: kernels run as host functions.
struct CompileOptions : Object {
  bool fast_math = true;
  uint64_t language_version = 0x30001;  // MSL 3.1
  int64_t library_type = 0;
  bool preserve_invariance = false;
  int64_t math_mode = 2;  // fast
  int64_t math_functions = 0;
  Ref<Dictionary> macros;
};

struct ComputePassDescriptor : Object {
  uint64_t dispatch_type = 0;
};

void register_descriptors();

}  // namespace metalhost
