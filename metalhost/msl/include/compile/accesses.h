// What clang calls before each load and store of a kernel that is compiled with checks (-fsanitize=kernel-address, with
// these functions in place of the kernel's own), and what the library says of atomics and of matrices.
#pragma once
#include "arguments.h"

#if METALHOST_CHECK_ACCESSES
#define METALHOST_CALLBACK \
  extern "C" inline __attribute__((visibility("hidden"), used, noinline, no_sanitize("kernel-address")))
// Initialisers of constants run before there is a runtime.
#define METALHOST_ACCESS(kind)                                                                           \
  if (metalhost::runtime)                                                                                \
  metalhost::runtime->access((const void*)(address), bytes, alignment, metalhost::msl::AccessKind::kind, \
                             __builtin_return_address(0))
#define METALHOST_ACCESSES_OF(bytes_)                                            \
  METALHOST_CALLBACK void metalhost_load##bytes_##_noabort(uintptr_t address) {  \
    constexpr size_t bytes = bytes_, alignment = bytes_ < 8 ? bytes_ : 8;        \
    METALHOST_ACCESS(read);                                                      \
  }                                                                              \
  METALHOST_CALLBACK void metalhost_store##bytes_##_noabort(uintptr_t address) { \
    constexpr size_t bytes = bytes_, alignment = bytes_ < 8 ? bytes_ : 8;        \
    METALHOST_ACCESS(write);                                                     \
  }
METALHOST_ACCESSES_OF(1)
METALHOST_ACCESSES_OF(2)
METALHOST_ACCESSES_OF(4)
METALHOST_ACCESSES_OF(8)
METALHOST_ACCESSES_OF(16)
#undef METALHOST_ACCESSES_OF
METALHOST_CALLBACK void metalhost_loadN_noabort(uintptr_t address, size_t bytes) {
  constexpr size_t alignment = 1;
  METALHOST_ACCESS(read);
}
METALHOST_CALLBACK void metalhost_storeN_noabort(uintptr_t address, size_t bytes) {
  constexpr size_t alignment = 1;
  METALHOST_ACCESS(write);
}
METALHOST_CALLBACK void* metalhost_memcpy(void* to, const void* from, size_t bytes) {
  constexpr size_t alignment = 1;
  const void* address = from;
  METALHOST_ACCESS(read);
  address = to;
  METALHOST_ACCESS(write);
  return __builtin_memcpy(to, from, bytes);
}
METALHOST_CALLBACK void* metalhost_memmove(void* to, const void* from, size_t bytes) {
  constexpr size_t alignment = 1;
  const void* address = from;
  METALHOST_ACCESS(read);
  address = to;
  METALHOST_ACCESS(write);
  return __builtin_memmove(to, from, bytes);
}
METALHOST_CALLBACK void* metalhost_memset(void* address, int value, size_t bytes) {
  constexpr size_t alignment = 1;
  METALHOST_ACCESS(write);
  return __builtin_memset(address, value, bytes);
}
METALHOST_CALLBACK void __asan_handle_no_return() {}
// A vector or a struct at an address that isn't a multiple of its alignment; its elements alone may be in order. `what`
// is clang's TypeMismatchData.
METALHOST_CALLBACK void __ubsan_handle_type_mismatch_v1(const void* what, uintptr_t address) {
  struct Mismatch {
    const char* file;
    uint32_t line, column;
    const void* type;
    unsigned char log_alignment, kind;  // 0 a load, 1 a store
  };
  const auto& mismatch = *static_cast<const Mismatch*>(what);
  const size_t alignment = size_t(1) << mismatch.log_alignment, bytes = alignment;
  if (mismatch.kind == 1) {
    METALHOST_ACCESS(write);
  } else {
    METALHOST_ACCESS(read);
  }
}
METALHOST_CALLBACK void metalhost_atomic_read(const volatile void* address, size_t bytes) {
  const size_t alignment = bytes;
  METALHOST_ACCESS(atomic_read);
}
METALHOST_CALLBACK void metalhost_atomic_write(const volatile void* address, size_t bytes) {
  const size_t alignment = bytes;
  METALHOST_ACCESS(atomic_write);
}
METALHOST_CALLBACK void metalhost_atomic_update(const volatile void* address, size_t bytes) {
  const size_t alignment = bytes;
  METALHOST_ACCESS(atomic_update);
}
METALHOST_CALLBACK void metalhost_collective(bool begins) {
  metalhost::runtime->collective(begins);
}
#undef METALHOST_ACCESS
#undef METALHOST_CALLBACK
// Found by name when the object is loaded.
extern "C" {
__attribute__((visibility("default"), used)) inline const bool metalhost_checks_accesses = true;
}
// The loads and stores of atomics, which are said by other means.
#define METALHOST_UNSEEN __attribute__((noinline, no_sanitize("kernel-address")))
#else
#define METALHOST_UNSEEN METALHOST_INLINE
inline void metalhost_atomic_read(const volatile void*, size_t) {}
inline void metalhost_atomic_write(const volatile void*, size_t) {}
inline void metalhost_atomic_update(const volatile void*, size_t) {}
inline void metalhost_collective(bool) {}
#endif
template <class T>
METALHOST_UNSEEN T metalhost_atomic_load(const volatile T* p) {
  T r;
  __atomic_load(p, &r, __ATOMIC_RELAXED);
  return r;
}
template <class T>
METALHOST_UNSEEN void metalhost_atomic_store(volatile T* p, T v) {
  __atomic_store(p, &v, __ATOMIC_RELAXED);
}
