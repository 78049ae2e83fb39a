// Callbacks of clang's -fsanitize-coverage=func,trace-loads,trace-stores: every load and store of a program built with
// it is checked against what the GPU has in flight, byte by byte, in memory wrapped without a copy too. Block copies
// (memcpy, memset) are not traced.
#include <metalhost/cpu_access.h>

#include <cstdint>

// Defined by the runtime: whether a command buffer is in flight on memory that may hold the address.
extern "C" bool metalhost_may_be_in_flight(const void* address);
extern "C" void metalhost_cpu_access_at(const void* address, std::size_t bytes, bool writes, const void* site);

// What programs that link this library ask the linker for.
extern "C" const char metalhost_traces_accesses;
const char metalhost_traces_accesses = 1;

#define METALHOST_TRACE(kind, bytes, writes)                                      \
  extern "C" void __sanitizer_cov_##kind##bytes(void* address) {                  \
    if (!metalhost_may_be_in_flight(address)) [[likely]]                          \
      return;                                                                     \
    metalhost_cpu_access_at(address, bytes, writes, __builtin_return_address(0)); \
  }

METALHOST_TRACE(load, 1, false)
METALHOST_TRACE(load, 2, false)
METALHOST_TRACE(load, 4, false)
METALHOST_TRACE(load, 8, false)
METALHOST_TRACE(load, 16, false)
METALHOST_TRACE(store, 1, true)
METALHOST_TRACE(store, 2, true)
METALHOST_TRACE(store, 4, true)
METALHOST_TRACE(store, 8, true)
METALHOST_TRACE(store, 16, true)
