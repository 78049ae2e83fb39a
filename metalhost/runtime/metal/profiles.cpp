#include <cstdlib>
#include <string_view>

#include "runtime/metal/device.h"

namespace metalhost {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

DeviceProfile with_memory(std::string name, int family, uint64_t memory) {
  DeviceProfile profile;
  profile.name = std::move(name);
  profile.apple_family = family;
  profile.memory_bytes = memory;
  // Macs offer about two thirds to three quarters of their memory to the GPU, and one buffer a bit more than half.
  profile.recommended_working_set_bytes = memory / 3 * 2;
  profile.max_buffer_bytes = memory / 16 * 9;
  return profile;
}

}  // namespace

DeviceProfile DeviceProfile::m1() {
  DeviceProfile profile = with_memory("Apple M1 (metalhost)", 7, 8 * kGiB);
  profile.defects.nan_bands = true;
  profile.defects.long_k_out_of_bounds = true;
  return profile;
}
DeviceProfile DeviceProfile::m3() {
  return with_memory("Apple M3 (metalhost)", 9, 16 * kGiB);
}
DeviceProfile DeviceProfile::m4() {
  return with_memory("Apple M4 (metalhost)", 9, 16 * kGiB);
}

DeviceProfile default_device_profile() {
  const char* value = std::getenv("METALHOST_DEVICE");
  std::string_view name = value ? value : "";
  if (name == "m3") return DeviceProfile::m3();
  if (name == "m4") return DeviceProfile::m4();
  return DeviceProfile::m1();
}

}  // namespace metalhost
