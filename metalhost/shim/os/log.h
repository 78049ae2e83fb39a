// Handles of Apple's unified log, as far as signposts need them; metalhost implements them.
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
typedef struct os_log_s* os_log_t;
os_log_t os_log_create(const char* subsystem, const char* category);
#ifdef __cplusplus
}
#endif

#define OS_LOG_CATEGORY_POINTS_OF_INTEREST "PointsOfInterest"
#define OS_LOG_CATEGORY_DYNAMIC_TRACING "DynamicTracing"
