// The three names of CoreFoundation that metal-cpp uses.
#pragma once
#include <math.h>  // Apple's header includes it too, and metal-cpp relies on that for INFINITY
typedef double CFTimeInterval;
typedef const struct __CFString* CFStringRef;
#ifdef __cplusplus
extern "C"
#endif
    CFStringRef
    __CFStringMakeConstantString(const char*);
