// Metal's value types and constants, as far as the runtime looks at them.
#pragma once
#include <cstdint>

namespace metalhost {

struct Size {
  uint64_t width, height, depth;
};
struct Origin {
  uint64_t x, y, z;
};
struct Range {
  uint64_t location, length;
};
struct SizeAndAlign {
  uint64_t size, align;
};

enum class StorageMode : uint64_t { shared = 0, managed = 1, device_private = 2, memoryless = 3 };
enum class HazardTracking : uint64_t { automatic = 0, untracked = 1, tracked = 2 };

// MTLResourceOptions: cache mode in bits 0-3, storage mode in bits 4-7, hazard tracking in bits 8-9.
constexpr StorageMode storage_mode_of(uint64_t options) {
  return static_cast<StorageMode>(options >> 4 & 15);
}
constexpr HazardTracking hazard_tracking_of(uint64_t options) {
  return static_cast<HazardTracking>(options >> 8 & 3);
}
constexpr uint64_t cache_mode_of(uint64_t options) {
  return options & 15;
}
constexpr uint64_t options_of(uint64_t cache, StorageMode storage, HazardTracking hazards) {
  return cache | static_cast<uint64_t>(storage) << 4 | static_cast<uint64_t>(hazards) << 8;
}

enum class CommandBufferStatus : uint64_t {
  not_enqueued = 0,
  enqueued = 1,
  committed = 2,
  scheduled = 3,
  completed = 4,
  error = 5,
};

inline constexpr const char* kCommandBufferErrorDomain = "MTLCommandBufferErrorDomain";
inline constexpr int64_t kCommandBufferErrorTimeout = 2;
inline constexpr int64_t kCommandBufferErrorInternal = 1;
inline constexpr const char* kLibraryErrorDomain = "MTLLibraryErrorDomain";
inline constexpr int64_t kLibraryErrorUnsupported = 1;
inline constexpr int64_t kLibraryErrorCompileFailure = 3;
inline constexpr int64_t kLibraryErrorFunctionNotFound = 5;
inline constexpr int64_t kLibraryErrorFileNotFound = 6;

}  // namespace metalhost
