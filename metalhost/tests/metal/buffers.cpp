#include <metalhost/device_profile.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "support/metal.h"

namespace {

class Buffers : public MetalTest {};

TEST_F(Buffers, TheDeviceIsAnM1ByDefault) {
  EXPECT_STREQ(device_->name()->utf8String(), "Apple M1 (metalhost)");
  EXPECT_TRUE(device_->supportsFamily(MTL::GPUFamilyApple7));
  EXPECT_FALSE(device_->supportsFamily(MTL::GPUFamilyApple8));
  EXPECT_EQ(device_->maxThreadsPerThreadgroup().width, 1024u);
  EXPECT_EQ(device_->maxThreadgroupMemoryLength(), 32768u);
  EXPECT_TRUE(device_->hasUnifiedMemory());
  EXPECT_STREQ(device_->architecture()->name()->utf8String(), "metalhost-apple7");
  auto* all = MTL::CopyAllDevices();
  EXPECT_EQ(all->count(), 1u);
  all->release();
}

TEST_F(Buffers, CopyTheirBytes) {
  const char text[] = "steel";
  auto* buffer = device_->newBuffer(text, sizeof text, MTL::ResourceStorageModeShared);
  EXPECT_STREQ(static_cast<const char*>(buffer->contents()), "steel");
  EXPECT_EQ(buffer->length(), sizeof text);
  buffer->setLabel(MTLSTR("words"));
  EXPECT_STREQ(buffer->label()->utf8String(), "words");
  buffer->release();
}

TEST_F(Buffers, WrapMemoryWithoutACopyAndCallTheDeallocator) {
  auto bytes = static_cast<NS::UInteger>(getpagesize());
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  __block NS::UInteger freed = 0;
  auto* buffer = device_->newBuffer(memory, bytes, MTL::ResourceStorageModeShared, ^(void* p, NS::UInteger n) {
    munmap(p, n);
    freed = n;
  });
  EXPECT_EQ(buffer->contents(), memory);
  static_cast<float*>(memory)[0] = 41;
  finish(encoded("add_one", {buffer}, 32));
  EXPECT_EQ(static_cast<float*>(memory)[0], 42);
  buffer->release();
  pool_->release();  // the command buffer kept it
  EXPECT_EQ(freed, bytes);
  pool_ = NS::AutoreleasePool::alloc()->init();
}

TEST_F(Buffers, TheDeviceCountsWhatIsAllocated) {
  auto before = device_->currentAllocatedSize();
  auto* buffer = device_->newBuffer(4096, MTL::ResourceStorageModePrivate);
  EXPECT_EQ(device_->currentAllocatedSize(), before + 4096);
  buffer->release();
  EXPECT_EQ(device_->currentAllocatedSize(), before);
}

TEST_F(Buffers, ADeviceRunsOutOfMemory) {
  auto profile = metalhost::DeviceProfile::m1();
  profile.memory_bytes = profile.max_buffer_bytes = 8192;
  metalhost::set_devices({profile});
  auto* small = MTL::CreateSystemDefaultDevice();
  auto* first = small->newBuffer(NS::UInteger{6000}, MTL::ResourceStorageModeShared);
  EXPECT_EQ(small->newBuffer(NS::UInteger{4096}, MTL::ResourceStorageModeShared), nullptr);
  first->release();
  auto* second = small->newBuffer(NS::UInteger{4096}, MTL::ResourceStorageModeShared);
  EXPECT_NE(second, nullptr);
  second->release();
  small->release();
  metalhost::set_devices({metalhost::DeviceProfile::m1()});
}

TEST_F(Buffers, OptionsComeBack) {
  auto* buffer = device_->newBuffer(64, MTL::ResourceStorageModePrivate | MTL::ResourceHazardTrackingModeUntracked);
  EXPECT_EQ(buffer->storageMode(), MTL::StorageModePrivate);
  EXPECT_EQ(buffer->hazardTrackingMode(), MTL::HazardTrackingModeUntracked);
  buffer->release();
}

TEST_F(Buffers, AHeapHandsOutItsBytesAndTakesThemBack) {
  auto* descriptor = MTL::HeapDescriptor::alloc()->init();
  descriptor->setSize(1024);
  descriptor->setStorageMode(MTL::StorageModeShared);
  auto* heap = device_->newHeap(descriptor);
  descriptor->release();
  auto* first = heap->newBuffer(512, MTL::ResourceStorageModeShared);
  auto* second = heap->newBuffer(300, MTL::ResourceStorageModeShared);
  EXPECT_EQ(second->heapOffset(), 512u);
  EXPECT_EQ(heap->usedSize(), 1024u);
  EXPECT_EQ(heap->newBuffer(1, MTL::ResourceStorageModeShared), nullptr);  // full
  static_cast<float*>(first->contents())[0] = 1;
  finish(encoded("add_one", {first}, 32));
  EXPECT_EQ(static_cast<float*>(first->contents())[0], 2);
  first->release();
  pool_->release();
  pool_ = NS::AutoreleasePool::alloc()->init();
  EXPECT_EQ(heap->maxAvailableSize(256), 512u);
  second->release();
  heap->release();
}

TEST_F(Buffers, APlacementHeapAliasesByOffset) {
  auto* descriptor = MTL::HeapDescriptor::alloc()->init();
  descriptor->setSize(4096);
  descriptor->setType(MTL::HeapTypePlacement);
  descriptor->setStorageMode(MTL::StorageModeShared);
  auto* heap = device_->newHeap(descriptor);
  descriptor->release();
  auto* a = heap->newBuffer(1024, MTL::ResourceStorageModeShared, 256);
  auto* b = heap->newBuffer(512, MTL::ResourceStorageModeShared, 512);
  static_cast<uint8_t*>(a->contents())[256] = 7;
  EXPECT_EQ(static_cast<uint8_t*>(b->contents())[0], 7);
  a->release();
  b->release();
  heap->release();
}

TEST_F(Buffers, ResidencySetsHoldAllocations) {
  auto* descriptor = MTL::ResidencySetDescriptor::alloc()->init();
  descriptor->setLabel(MTLSTR("weights"));
  auto* set = device_->newResidencySet(descriptor, nullptr);
  descriptor->release();
  auto* buffer = new_buffer(64);
  set->addAllocation(buffer);
  EXPECT_TRUE(set->containsAllocation(buffer));
  EXPECT_EQ(set->allocatedSize(), 0u);  // until it is committed
  set->commit();
  EXPECT_EQ(set->allocatedSize(), 256u);
  set->requestResidency();
  queue_->addResidencySet(set);
  queue_->removeResidencySet(set);
  set->removeAllocation(buffer);
  EXPECT_EQ(set->allocationCount(), 0u);
  buffer->release();
  set->release();
}

}  // namespace
