// Which sanitizer this program is built with; kernels are compiled with the same.
#pragma once

#define METALHOST_MSL_ASAN 0
#define METALHOST_MSL_TSAN 0
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef METALHOST_MSL_ASAN
#define METALHOST_MSL_ASAN 1
#endif
// The runner itself is not instrumented, so that the build says it.
#if __has_feature(thread_sanitizer) || defined(METALHOST_TSAN_KERNELS)
#undef METALHOST_MSL_TSAN
#define METALHOST_MSL_TSAN 1
#endif
#endif
