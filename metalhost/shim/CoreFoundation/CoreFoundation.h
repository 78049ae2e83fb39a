// The names of CoreFoundation that metal-cpp uses.
#pragma once
// Apple's header brings these along; metal-cpp (INFINITY) and programs count on it.
#include <assert.h>
#include <dispatch/dispatch.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef double CFTimeInterval;
typedef const struct __CFString* CFStringRef;
#ifdef __cplusplus
extern "C"
#endif
    CFStringRef
    __CFStringMakeConstantString(const char*);
