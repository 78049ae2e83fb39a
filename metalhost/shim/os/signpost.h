// Apple's signposts: marks that Instruments shows on a timeline. Here they go to the event log, and each interval must
// be begun and ended once.
#pragma once
#include <os/log.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
typedef uint64_t os_signpost_id_t;
#define OS_SIGNPOST_ID_NULL ((os_signpost_id_t)0)
#define OS_SIGNPOST_ID_INVALID ((os_signpost_id_t)~0ull)
#define OS_SIGNPOST_ID_EXCLUSIVE ((os_signpost_id_t)0xEEEEB0B5B2B2EEEEull)

os_signpost_id_t os_signpost_id_generate(os_log_t log);
bool os_signpost_enabled(os_log_t log);

void metalhost_signpost(os_log_t log, os_signpost_id_t id, char kind, const char* name, const char* format, ...)
#ifdef __clang__
    __attribute__((format(os_log, 5, 6)))
#endif
    ;
#ifdef __cplusplus
}
#endif

// As on Apple, `name` and the format behind it must be literals.
#define os_signpost_interval_begin(log, id, name, ...) metalhost_signpost(log, id, 'B', "" name, "" __VA_ARGS__)
#define os_signpost_interval_end(log, id, name, ...) metalhost_signpost(log, id, 'E', "" name, "" __VA_ARGS__)
#define os_signpost_event_emit(log, id, name, ...) metalhost_signpost(log, id, '.', "" name, "" __VA_ARGS__)
