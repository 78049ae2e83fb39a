#include "runtime/registry.h"

#include "runtime/checks/cpu_access.h"
#include "runtime/checks/leaks.h"
#include "runtime/foundation/collections.h"
#include "runtime/foundation/dispatch_data.h"
#include "runtime/foundation/error.h"
#include "runtime/foundation/process_info.h"
#include "runtime/foundation/string.h"
#include "runtime/foundation/url.h"
#include "runtime/foundation/value.h"
#include "runtime/metal/binary_archive.h"
#include "runtime/metal/blit_encoder.h"
#include "runtime/metal/command_buffer.h"
#include "runtime/metal/compute_encoder.h"
#include "runtime/metal/descriptors.h"
#include "runtime/metal/heap.h"
#include "runtime/metal/residency_set.h"
#include "runtime/mps/registry.h"
#include "runtime/objc/root.h"

namespace metalhost {

void register_classes() {
  register_root();
  register_strings();
  register_values();
  register_collections();
  register_errors();
  register_urls();
  register_dispatch_data();
  register_process_info();
  register_device();
  register_descriptors();
  register_resources();
  register_buffers();
  register_heaps();
  register_events();
  register_residency_sets();
  register_queues();
  register_command_buffers();
  register_encoders();
  register_blit_encoders();
  register_libraries();
  register_pipelines();
  register_binary_archives();
  register_compute_encoders();
  register_mps();
  install_fault_handler();
  install_leak_check();
}

}  // namespace metalhost
