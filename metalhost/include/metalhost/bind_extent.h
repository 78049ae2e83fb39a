// How much of a buffer a binding is about. Metal binds a buffer from an offset to its end; a program that keeps many
// tensors in one buffer can say how many bytes it means, and is then told of accesses past them (under
// AddressSanitizer), and of missing barriers and host accesses only where the tensors themselves conflict.
#pragma once
#include <cstdint>

#if defined(__linux__)
extern "C" void metalhost_bind_extent(void* encoder, uint64_t bytes, uint64_t index);
#endif

namespace metalhost {

// Call after setBuffer at `index` of an MTLComputeCommandEncoder: the kernel touches `bytes` from the offset on.
__attribute__((always_inline)) inline void bind_extent([[maybe_unused]] void* encoder, [[maybe_unused]] uint64_t bytes,
                                                       [[maybe_unused]] uint64_t index) {
#if defined(__linux__)
  metalhost_bind_extent(encoder, bytes, index);
#endif
}

}  // namespace metalhost
