#include "runtime/registry.h"

#include "runtime/foundation/collections.h"
#include "runtime/foundation/error.h"
#include "runtime/foundation/process_info.h"
#include "runtime/foundation/string.h"
#include "runtime/foundation/url.h"
#include "runtime/foundation/value.h"
#include "runtime/objc/root.h"

namespace metalhost {

void register_classes() {
  register_root();
  register_strings();
  register_values();
  register_collections();
  register_errors();
  register_urls();
  register_process_info();
}

}  // namespace metalhost
