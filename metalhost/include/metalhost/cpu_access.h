// Accesses of the CPU to a buffer's contents, announced so that they are checked byte by byte against what the GPU has
// in flight. Page protection finds most races without this; see the README for what it can't see.
#pragma once
#include <cstddef>

#if defined(__linux__)
extern "C" void metalhost_cpu_access(const void* address, std::size_t bytes, bool writes);
#endif

namespace metalhost {

// Call before reading or writing `bytes` at `address` in the contents of a buffer (or in memory wrapped without a
// copy).
__attribute__((always_inline)) inline void cpu_access([[maybe_unused]] const void* address,
                                                      [[maybe_unused]] std::size_t bytes,
                                                      [[maybe_unused]] bool writes) {
#if defined(__linux__)
  metalhost_cpu_access(address, bytes, writes);
#endif
}

}  // namespace metalhost
