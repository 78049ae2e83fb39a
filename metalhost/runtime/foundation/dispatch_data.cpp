#include "runtime/foundation/dispatch_data.h"

#include <dispatch/dispatch.h>

#include <cstdio>
#include <cstdlib>

#include "runtime/objc/define.h"
#include "runtime/registry.h"

namespace metalhost {

void register_dispatch_data() {
  ClassBuilder<DispatchData>("OS_dispatch_data", root_class(), "").abstract();
}

}  // namespace metalhost

extern "C" {
dispatch_data_t dispatch_data_create(const void* buffer, size_t size, dispatch_queue_t, dispatch_block_t destructor) {
  if (destructor != DISPATCH_DATA_DESTRUCTOR_DEFAULT) {
    std::fputs("metalhost: dispatch_data_create takes DISPATCH_DATA_DESTRUCTOR_DEFAULT only\n", stderr);
    std::abort();
  }
  metalhost::ensure_classes();
  auto data = metalhost::make<metalhost::DispatchData>();
  data->bytes.assign(static_cast<const char*>(buffer), size);
  return reinterpret_cast<dispatch_data_t>(data.detach());
}

size_t dispatch_data_get_size(dispatch_data_t data) {
  return reinterpret_cast<const metalhost::DispatchData*>(data)->bytes.size();
}

void dispatch_release(dispatch_data_t object) {
  metalhost::release(reinterpret_cast<metalhost::DispatchData*>(object));
}
}
