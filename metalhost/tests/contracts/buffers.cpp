// Planted mistakes with buffers and heaps, and what is reported.
#include <metalhost/device_profile.h>

#include "support/metal.h"

namespace {

class BufferContracts : public MetalTest {
 protected:
  MTL::Heap* new_heap(NS::UInteger size, MTL::HeapType type) {
    auto* descriptor = MTL::HeapDescriptor::alloc()->init();
    descriptor->setSize(size);
    descriptor->setType(type);
    descriptor->setStorageMode(MTL::StorageModeShared);
    auto* heap = device_->newHeap(descriptor);
    descriptor->release();
    return heap;
  }
};

TEST_F(BufferContracts, ABufferOfNoBytes) {
  EXPECT_REPORT("empty-buffer", "MTLDevice #", "-[MTLDevice newBufferWithLength:options:]",
                device_->newBuffer(NS::UInteger{0}, MTL::ResourceStorageModeShared));
}

TEST_F(BufferContracts, ABufferPastTheLimit) {
  EXPECT_REPORT("buffer-too-long", "MTLDevice #", "-[MTLDevice newBufferWithLength:options:]",
                device_->newBuffer(device_->maxBufferLength() + 1, MTL::ResourceStorageModeShared));
}

TEST_F(BufferContracts, AHeapPastTheLimit) {
  auto* descriptor = MTL::HeapDescriptor::alloc()->init();
  descriptor->setSize(device_->maxBufferLength() + 1);
  EXPECT_REPORT("buffer-too-long", "MTLDevice #", "-[MTLDevice newHeapWithDescriptor:]", device_->newHeap(descriptor));
  descriptor->release();
}

TEST_F(BufferContracts, OptionsThatAreNotForBuffers) {
  EXPECT_REPORT("bad-resource-options", "MTLDevice #", "-[MTLDevice newBufferWithLength:options:]",
                device_->newBuffer(NS::UInteger{64}, NS::UInteger{3} << 4));  // memoryless
}

TEST_F(BufferContracts, BytesForAPrivateBuffer) {
  float value = 0;
  EXPECT_REPORT("bad-resource-options", "MTLDevice #", "-[MTLDevice newBufferWithBytes:length:options:]",
                device_->newBuffer(&value, 4, MTL::ResourceStorageModePrivate));
}

TEST_F(BufferContracts, MemoryThatIsNotWholePages) {
  alignas(16) static char memory[64];
  EXPECT_REPORT("no-copy-alignment", "MTLDevice #", "-[MTLDevice newBufferWithBytesNoCopy:length:options:deallocator:]",
                device_->newBuffer(memory, 64, MTL::ResourceStorageModeShared, nullptr));
}

TEST_F(BufferContracts, ContentsOfAPrivateBuffer) {
  auto* buffer = device_->newBuffer(64, MTL::ResourceStorageModePrivate);
  EXPECT_REPORT("private-contents", "MTLBuffer #", "-[MTLBuffer contents]", buffer->contents());
  buffer->release();
}

TEST_F(BufferContracts, DidModifyRangeOfASharedBuffer) {
  auto* buffer = new_buffer(16);
  EXPECT_REPORT("bad-resource-options", "MTLBuffer #", "-[MTLBuffer didModifyRange:]",
                buffer->didModifyRange(NS::Range(0, 4)));
  buffer->release();
}

TEST_F(BufferContracts, UseAfterReleaseNamesTheLabel) {
  auto* buffer = new_buffer(16);
  buffer->setLabel(MTLSTR("weights"));
  buffer->release();
  EXPECT_REPORT("use-after-release", "MTLBuffer #", "-[MTLBuffer length]", (void)buffer->length());
}

TEST_F(BufferContracts, AnUnalignedPlacement) {
  auto* heap = new_heap(4096, MTL::HeapTypePlacement);
  EXPECT_REPORT("heap-placement", "MTLHeap #", "-[MTLHeap newBufferWithLength:options:offset:]",
                heap->newBuffer(64, MTL::ResourceStorageModeShared, 100));
  heap->release();
}

TEST_F(BufferContracts, APlacementPastTheHeap) {
  auto* heap = new_heap(4096, MTL::HeapTypePlacement);
  EXPECT_REPORT("heap-placement", "MTLHeap #", "-[MTLHeap newBufferWithLength:options:offset:]",
                heap->newBuffer(1024, MTL::ResourceStorageModeShared, 3840));
  heap->release();
}

TEST_F(BufferContracts, APlacementHeapWithoutAnOffset) {
  auto* heap = new_heap(4096, MTL::HeapTypePlacement);
  EXPECT_REPORT("heap-placement", "MTLHeap #", "-[MTLHeap newBufferWithLength:options:]",
                heap->newBuffer(64, MTL::ResourceStorageModeShared));
  heap->release();
}

TEST_F(BufferContracts, AHeapBufferOfAnotherStorageMode) {
  auto* heap = new_heap(4096, MTL::HeapTypeAutomatic);
  EXPECT_REPORT("bad-resource-options", "MTLHeap #", "-[MTLHeap newBufferWithLength:options:]",
                heap->newBuffer(64, MTL::ResourceStorageModePrivate));
  heap->release();
}

TEST_F(BufferContracts, ABufferFreedUnderAnUnretainedCommandBuffer) {
  auto* buffer = new_buffer(32);
  auto* command_buffer = queue_->commandBufferWithUnretainedReferences();
  auto* blit = command_buffer->blitCommandEncoder();
  blit->fillBuffer(buffer, NS::Range(0, 16), 1);
  blit->endEncoding();
  EXPECT_REPORT("freed-under-command-buffer", "MTLBuffer #", "-[MTLBuffer release]", buffer->release());
  finish(command_buffer);
}

TEST_F(BufferContracts, ResidencySetsRemoveOnlyWhatTheyHold) {
  auto* descriptor = MTL::ResidencySetDescriptor::alloc()->init();
  auto* set = device_->newResidencySet(descriptor, nullptr);
  auto* buffer = new_buffer(16);
  EXPECT_REPORT("residency", "MTLBuffer #", "-[MTLResidencySet removeAllocation:]", set->removeAllocation(buffer));
  for (NS::Object* object : std::initializer_list<NS::Object*>{descriptor, set, buffer}) object->release();
}

TEST_F(BufferContracts, ResidencySetsNeedMacOs15) {
  auto* descriptor = MTL::ResidencySetDescriptor::alloc()->init();
  metalhost::set_macos_version(14, 0);
  EXPECT_REPORT("unknown-selector", "MTLDevice #", "-[MTLDevice newResidencySetWithDescriptor:error:]",
                device_->newResidencySet(descriptor, nullptr));
  metalhost::set_macos_version(15, 0);
  descriptor->release();
}

TEST_F(BufferContracts, ABufferOfAnotherDevice) {
  metalhost::set_devices({metalhost::DeviceProfile::m1(), metalhost::DeviceProfile::m4()});
  auto* all = MTL::CopyAllDevices();
  auto* foreign = all->object<MTL::Device>(1)->newBuffer(64, MTL::ResourceStorageModeShared);
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  EXPECT_REPORT("mixed-devices", "MTLBuffer #", "-[MTLComputeCommandEncoder setBuffer:offset:atIndex:]",
                encoder->setBuffer(foreign, 0, 0));
  encoder->endEncoding();
  foreign->release();
  all->release();
  metalhost::set_devices({metalhost::DeviceProfile::m1()});
}

}  // namespace
