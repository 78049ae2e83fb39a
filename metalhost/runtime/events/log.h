#pragma once
#include <metalhost/event_log.h>

#include "runtime/objc/object.h"

namespace metalhost {

// Counts the event, and records it when a log runs.
void log_event(EventKind kind, const Object* object, std::string detail, uint64_t bytes = 0);

}  // namespace metalhost
