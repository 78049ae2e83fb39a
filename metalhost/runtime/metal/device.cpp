#include "runtime/metal/device.h"

#include <unistd.h>

#include <mutex>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/foundation/dispatch_data.h"
#include "runtime/metal/binary_archive.h"
#include "runtime/metal/buffer.h"
#include "runtime/metal/descriptors.h"
#include "runtime/metal/event.h"
#include "runtime/metal/heap.h"
#include "runtime/metal/library.h"
#include "runtime/metal/pipeline.h"
#include "runtime/metal/queue.h"
#include "runtime/metal/residency_set.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

struct Devices {
  std::mutex mutex;
  std::vector<DeviceProfile> profiles = {default_device_profile()};
  std::vector<Device*> made;
  uint64_t last_id = 0x100000000;
};
Devices& all() {
  static Devices* instance = new Devices;
  return *instance;
}

struct Architecture : Object {
  int family = 0;
};

bool supports_family(const Device& self, int64_t family) {
  if (family > 1000 && family < 2000) return family - 1000 <= self.profile.apple_family;
  constexpr int64_t kMac1 = 2001, kMac2 = 2002, kCommon1 = 3001, kCommon3 = 3003, kMetal3 = 5001;
  return family == kMac1 || family == kMac2 || (family >= kCommon1 && family <= kCommon3) || family == kMetal3;
}

}  // namespace

std::vector<Device*> devices() {
  std::lock_guard lock(all().mutex);
  if (all().made.empty()) {
    for (const DeviceProfile& profile : all().profiles) {
      Device* device = make<Device>().detach();
      device->profile = profile;
      device->registry_id = ++all().last_id;
      all().made.push_back(device);
    }
  }
  return all().made;
}

void set_devices(std::vector<DeviceProfile> profiles) {
  std::lock_guard lock(all().mutex);
  all().profiles = std::move(profiles);
  all().made.clear();
}

bool has_room(const Device& device, uint64_t bytes) {
  uint64_t used = device.allocated;
  return used <= device.profile.memory_bytes && bytes <= device.profile.memory_bytes - used;
}

bool check_same_device(const Object& object, const Device* of_object, const Device* used_with) {
  if (of_object == used_with) return true;
  report(Rule::mixed_devices, &object,
         "it belongs to " + describe(of_object) + " and is used with " + describe(used_with));
  return false;
}

void register_device() {
  using D = Device;
  ClassBuilder<Architecture>("MTLArchitecture", root_class(), "").method("name", [](Architecture& self) {
    return make_string("metalhost-apple" + std::to_string(self.family));
  });

  ClassBuilder<D>("MTLDevice", root_class(), "P:MTLDevice")
      .abstract()
      .singleton()
      .method("name", [](D& self) { return make_string(self.profile.name); })
      .method(
          "architecture",
          [](D& self) {
            auto architecture = make<Architecture>();
            architecture->family = self.profile.apple_family;
            return architecture;
          },
          MacOs{14, 0})
      .method("registryID", [](D& self) { return self.registry_id; })
      .method("supportsFamily:", [](D& self, int64_t family) { return supports_family(self, family); })
      .method("maxThreadsPerThreadgroup",
              [](D& self) {
                uint64_t most = self.profile.max_threads_per_threadgroup;
                return Size{most, most, most};
              })
      .method("maxThreadgroupMemoryLength", [](D& self) { return self.profile.max_threadgroup_bytes; })
      .method("maxBufferLength", [](D& self) { return self.profile.max_buffer_bytes; })
      .method("recommendedMaxWorkingSetSize", [](D& self) { return self.profile.recommended_working_set_bytes; })
      .method("currentAllocatedSize", [](D& self) { return self.allocated.load(); })
      .method("hasUnifiedMemory", [](D&) { return true; })
      .method("isLowPower", [](D&) { return false; })
      .method("isHeadless", [](D&) { return false; })
      .method("isRemovable", [](D&) { return false; })
      .method("location", [](D&) { return uint64_t{0}; })
      .method("locationNumber", [](D&) { return uint64_t{0}; })
      .method("maxTransferRate", [](D&) { return uint64_t{0}; })
      .method("readWriteTextureSupport", [](D&) { return uint64_t{2}; })
      .method("argumentBuffersSupport", [](D&) { return uint64_t{1}; })
      .method("heapBufferSizeAndAlignWithLength:options:",
              [](D&, uint64_t length, uint64_t) {
                return SizeAndAlign{(length + kHeapAlignment - 1) / kHeapAlignment * kHeapAlignment, kHeapAlignment};
              })
      .method("newBufferWithLength:options:",
              [](D& self, uint64_t length, uint64_t options) { return new_buffer(self, length, options); })
      .method("newBufferWithBytes:length:options:",
              [](D& self, const void* bytes, uint64_t length, uint64_t options) {
                return new_buffer_with_bytes(self, bytes, length, options);
              })
      .method("newBufferWithBytesNoCopy:length:options:deallocator:",
              [](D& self, void* bytes, uint64_t length, uint64_t options, Block<void(void*, uint64_t)> deallocator) {
                return new_buffer_around(self, bytes, length, options, std::move(deallocator));
              })
      .method("newHeapWithDescriptor:", [](D& self, HeapDescriptor& descriptor) { return new_heap(self, descriptor); })
      .method("newCommandQueue", [](D& self) { return new_command_queue(self, 64); })
      .method("newCommandQueueWithMaxCommandBufferCount:",
              [](D& self, uint64_t count) { return new_command_queue(self, count); })
      .method(
          "newCommandQueueWithDescriptor:",
          [](D& self, CommandQueueDescriptor& descriptor) {
            return new_command_queue(self, descriptor.max_command_buffers);
          },
          MacOs{15, 0})
      .method("newEvent", [](D& self) { return new_event(self); })
      .method("newSharedEvent", [](D& self) { return new_shared_event(self); })
      .method("newFence", [](D& self) { return new_fence(self); })
      .method(
          "newResidencySetWithDescriptor:error:",
          [](D& self, ResidencySetDescriptor& descriptor, Error** error) {
            if (error) *error = nullptr;
            return new_residency_set(self, descriptor);
          },
          MacOs{15, 0})
      .method("newDefaultLibrary", [](D& self) { return new_default_library(self); })
      .method("newLibraryWithSource:options:error:",
              [](D& self, String& source, Object*, Error** error) {
                return new_library_from_source(self, source.text, error);
              })
      .method("newLibraryWithSource:options:completionHandler:",
              [](D& self, String& source, Object*, Block<void(Object*, Object*)> handler) {
                Error* error = nullptr;
                auto library = new_library_from_source(self, source.text, &error);
                handler(library.get(), error);
              })
      .method("newLibraryWithURL:error:",
              [](D& self, Url& url, Error** error) { return new_library_from_file(self, url.path, error); })
      .method("newLibraryWithFile:error:",
              [](D& self, String& path, Error** error) { return new_library_from_file(self, path.text, error); })
      .method(
          "newLibraryWithData:error:",
          [](D& self, DispatchData* data, Error** error) { return new_library_from_data(self, data->bytes, error); })
      .method("newBinaryArchiveWithDescriptor:error:",
              [](D& self, BinaryArchiveDescriptor& descriptor, Error** error) {
                return new_binary_archive(self, descriptor, error);
              })
      .method("newComputePipelineStateWithFunction:error:",
              [](D& self, Function& function, Error** error) { return new_pipeline(self, function, error); })
      .method("newComputePipelineStateWithFunction:completionHandler:",
              [](D& self, Function& function, Block<void(Object*, Object*)> handler) {
                Error* error = nullptr;
                auto pipeline = new_pipeline(self, function, &error);
                handler(pipeline.get(), error);
              })
      .method("newComputePipelineStateWithDescriptor:options:reflection:error:",
              [](D& self, ComputePipelineDescriptor& descriptor, uint64_t options, Object**, Error** error) {
                return new_pipeline(self, descriptor, options, error);
              });
}

}  // namespace metalhost

extern "C" {
id MTLCreateSystemDefaultDevice() {
  metalhost::ensure_classes();
  auto found = metalhost::devices();
  return found.empty() ? nullptr : metalhost::retain(found.front());
}
id MTLCopyAllDevices() {
  metalhost::ensure_classes();
  std::vector<metalhost::Ref<metalhost::Object>> list;
  for (auto* device : metalhost::devices()) list.emplace_back(device);
  return metalhost::make_array(std::move(list)).detach();
}
id MTLCopyAllDevicesWithObserver(id* observer, void*) {
  if (observer) *observer = nullptr;
  return MTLCopyAllDevices();
}
void MTLRemoveDeviceObserver(id) {}
}
