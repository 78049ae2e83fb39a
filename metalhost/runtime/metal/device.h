// MTLDevice.
#pragma once
#include <metalhost/device_profile.h>

#include "runtime/metal/types.h"
#include "runtime/objc/memory.h"

namespace metalhost {

struct Device : Object {
  DeviceProfile profile;
  uint64_t registry_id = 0;
  std::atomic<uint64_t> allocated{0};  // bytes of buffers and heaps
  std::string label_text() const { return profile.name; }
};

// What METALHOST_DEVICE names, or an M1.
DeviceProfile default_device_profile();

// The default device first.
std::vector<Device*> devices();

// Says no, with a report about `object`, when it belongs to another device than the one it is used with.
bool check_same_device(const Object& object, const Device* of_object, const Device* used_with);

// Whether so many bytes more fit into the device's memory.
bool has_room(const Device& device, uint64_t bytes);

void register_device();

}  // namespace metalhost
