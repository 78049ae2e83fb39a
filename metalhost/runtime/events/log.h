#pragma once
#include <metalhost/event_log.h>

#include "runtime/objc/object.h"

namespace metalhost {

// Counts the event, and records it when a log runs.
void log_event(EventKind kind, const Object* object, std::string detail, uint64_t bytes = 0);
// Not counted.
void log_signpost(EventKind kind, std::string log, uint64_t id, std::string detail);

}  // namespace metalhost
