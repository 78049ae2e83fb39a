// NSError.
#pragma once
#include "runtime/foundation/collections.h"
#include "runtime/foundation/string.h"

namespace metalhost {

struct Error : Object {
  Ref<String> domain;
  int64_t code = 0;
  Ref<Dictionary> user_info;
  std::string label_text() const { return message(); }
  std::string message() const;  // NSLocalizedDescription of user_info, or domain and code
};

Ref<Error> make_error(const char* domain, int64_t code, std::string description);
// Fills an NSError** that may be null, with an autoreleased error.
void give_error(Error** out, const char* domain, int64_t code, std::string description);

void register_errors();

}  // namespace metalhost
