// Planted mistakes with queues, command buffers and events, and what is reported.
#include <metalhost/device_profile.h>

#include "support/metal.h"

namespace {

class CommandContracts : public MetalTest {};

TEST_F(CommandContracts, CommittingTwice) {
  auto* command_buffer = queue_->commandBuffer();
  finish(command_buffer);
  EXPECT_REPORT("double-commit", "MTLCommandBuffer #", "-[MTLCommandBuffer commit]", command_buffer->commit());
}

TEST_F(CommandContracts, AnEncoderOpenAtCommit) {
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  EXPECT_REPORT("open-encoder", "MTLCommandBuffer #", "-[MTLCommandBuffer commit]", command_buffer->commit());
  encoder->endEncoding();
}

TEST_F(CommandContracts, TwoEncodersAtOnce) {
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  EXPECT_REPORT("open-encoder", "MTLCommandBuffer #", "-[MTLCommandBuffer blitCommandEncoder]",
                command_buffer->blitCommandEncoder());
  encoder->endEncoding();
}

TEST_F(CommandContracts, AnEncoderThatDiesOpen) {
  auto* command_buffer = queue_->commandBuffer();
  auto* pool = NS::AutoreleasePool::alloc()->init();
  command_buffer->computeCommandEncoder();
  EXPECT_REPORT("open-encoder", "MTLComputeCommandEncoder #", "-[NSAutoreleasePool release]", pool->release());
}

TEST_F(CommandContracts, EncodingAfterEndEncoding) {
  auto* buffer = new_buffer(16);
  auto* encoder = queue_->commandBuffer()->computeCommandEncoder();
  encoder->endEncoding();
  EXPECT_REPORT("encode-after-end", "MTLComputeCommandEncoder #",
                "-[MTLComputeCommandEncoder setBuffer:offset:atIndex:]", encoder->setBuffer(buffer, 0, 0));
  buffer->release();
}

TEST_F(CommandContracts, EndingTwice) {
  auto* encoder = queue_->commandBuffer()->blitCommandEncoder();
  encoder->endEncoding();
  EXPECT_REPORT("encode-after-end", "MTLBlitCommandEncoder #", "-[MTLBlitCommandEncoder endEncoding]",
                encoder->endEncoding());
}

TEST_F(CommandContracts, AnEncoderAfterCommit) {
  auto* command_buffer = queue_->commandBuffer();
  finish(command_buffer);
  EXPECT_REPORT("encode-after-commit", "MTLCommandBuffer #", "-[MTLCommandBuffer computeCommandEncoder]",
                command_buffer->computeCommandEncoder());
}

TEST_F(CommandContracts, AHandlerAfterCommit) {
  auto* command_buffer = queue_->commandBuffer();
  finish(command_buffer);
  EXPECT_REPORT("encode-after-commit", "MTLCommandBuffer #", "-[MTLCommandBuffer addCompletedHandler:]",
                command_buffer->addCompletedHandler(^(MTL::CommandBuffer*){
                }));
}

TEST_F(CommandContracts, WaitingForWhatIsNotCommitted) {
  auto* command_buffer = queue_->commandBuffer();
  EXPECT_REPORT("wait-before-commit", "MTLCommandBuffer #", "-[MTLCommandBuffer waitUntilCompleted]",
                command_buffer->waitUntilCompleted());
}

TEST_F(CommandContracts, WaitingInsideAHandler) {
  auto* command_buffer = queue_->commandBuffer();
  auto* later = queue_->commandBuffer();
  int line = 0, *out = &line;
  command_buffer->addCompletedHandler([later, out](MTL::CommandBuffer*) {
    later->commit();
    *out = __LINE__, later->waitUntilCompleted();
  });
  finish(command_buffer);
  expect_report("wait-in-handler", "MTLCommandBuffer #", "-[MTLCommandBuffer waitUntilCompleted]", __FILE__, line);
}

TEST_F(CommandContracts, MoreCommandBuffersThanTheQueueHolds) {
  auto* small = device_->newCommandQueue(2);
  small->commandBuffer();
  small->commandBuffer();
  EXPECT_REPORT("too-many-command-buffers", "MTLCommandQueue #", "-[MTLCommandQueue commandBuffer]",
                small->commandBuffer());
  small->release();
}

TEST_F(CommandContracts, TwoQueuesOnTheSameBytes) {
  auto* other = device_->newCommandQueue();
  auto* buffer = new_buffer(32);
  metalhost::pause_gpu();
  encoded("write_nothing", {buffer}, 32)->commit();
  auto* command_buffer = other->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  dispatch(encoder, "write_nothing", {buffer}, 32);
  encoder->endEncoding();
  EXPECT_REPORT("queue-race", "MTLCommandBuffer #", "-[MTLCommandBuffer commit]", command_buffer->commit());
  metalhost::drain_queues();
  buffer->release();
  other->release();
}

TEST_F(CommandContracts, TwoQueuesThatOnlyReadAreFine) {
  auto* other = device_->newCommandQueue();
  auto* input = new_buffer(32, 1);
  auto* a = new_buffer(32);
  auto* b = new_buffer(32);
  metalhost::pause_gpu();
  encoded("copy", {input, a}, 32)->commit();
  auto* command_buffer = other->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  dispatch(encoder, "copy", {input, b}, 32);
  encoder->endEncoding();
  finish(command_buffer);
  for (NS::Object* object : std::initializer_list<NS::Object*>{other, input, a, b}) object->release();
}

TEST_F(CommandContracts, AnEventThatNothingSignals) {
  auto* event = device_->newEvent();
  metalhost::set_gpu_timeout_ms(20);
  auto* command_buffer = queue_->commandBuffer();
  command_buffer->encodeWait(event, 1);
  command_buffer->commit();
  int line = __LINE__ - 1;
  command_buffer->waitUntilCompleted();
  expect_report("event-deadlock", "MTLCommandBuffer #", "", __FILE__, line);
  EXPECT_EQ(command_buffer->status(), MTL::CommandBufferStatusError);
  EXPECT_EQ(command_buffer->error()->code(), MTL::CommandBufferErrorTimeout);
  metalhost::set_gpu_timeout_ms(10'000);
  event->release();
}

TEST_F(CommandContracts, AnEventValueThatGoesDown) {
  auto* event = device_->newSharedEvent();
  event->setSignaledValue(5);
  EXPECT_REPORT("event-value", "MTLSharedEvent #", "-[MTLSharedEvent setSignaledValue:]", event->setSignaledValue(4));
  event->release();
}

TEST_F(CommandContracts, AnEventValueThatTheGpuTakesDown) {
  auto* event = device_->newSharedEvent();
  event->setSignaledValue(5);
  auto* command_buffer = queue_->commandBuffer();
  command_buffer->encodeSignalEvent(event, 4);
  command_buffer->commit();
  int line = __LINE__ - 1;
  command_buffer->waitUntilCompleted();
  expect_report("event-value", "MTLCommandBuffer #", "", __FILE__, line);
  event->release();
}

TEST_F(CommandContracts, AnEventOfAnotherDevice) {
  metalhost::set_devices({metalhost::DeviceProfile::m3()});
  auto* other = MTL::CreateSystemDefaultDevice();
  auto* event = other->newEvent();
  auto* command_buffer = queue_->commandBuffer();
  EXPECT_REPORT("mixed-devices", "MTLEvent #", "-[MTLCommandBuffer encodeWaitForEvent:value:]",
                command_buffer->encodeWait(event, 1));
  event->release();
  other->release();
  metalhost::set_devices({metalhost::DeviceProfile::m1()});
}

TEST_F(CommandContracts, APopWithoutAPush) {
  auto* command_buffer = queue_->commandBuffer();
  EXPECT_REPORT("debug-groups", "MTLCommandBuffer #", "-[MTLCommandBuffer popDebugGroup]",
                command_buffer->popDebugGroup());
}

TEST_F(CommandContracts, ADebugGroupStillOpenAtTheEnd) {
  auto* encoder = queue_->commandBuffer()->computeCommandEncoder();
  encoder->pushDebugGroup(MTLSTR("forward"));
  EXPECT_REPORT("debug-groups", "MTLComputeCommandEncoder #", "-[MTLComputeCommandEncoder endEncoding]",
                encoder->endEncoding());
}

TEST_F(CommandContracts, AFenceWaitedForTooEarly) {
  auto* fence = device_->newFence();
  auto* encoder = queue_->commandBuffer()->computeCommandEncoder();
  EXPECT_REPORT("fence-order", "MTLFence #", "-[MTLComputeCommandEncoder waitForFence:]", encoder->waitForFence(fence));
  encoder->endEncoding();
  fence->release();
}

// Two blit passes that fill the same untracked buffer.
class UntrackedContracts : public MetalTest {
 protected:
  void SetUp() override {
    MetalTest::SetUp();
    buffer_ = device_->newBuffer(256, MTL::ResourceStorageModeShared | MTL::ResourceHazardTrackingModeUntracked);
    fence_ = device_->newFence();
    metalhost::pause_gpu();
  }
  void TearDown() override {
    metalhost::drain_queues();
    buffer_->release();
    fence_->release();
    MetalTest::TearDown();
  }
  void fill(MTL::CommandBuffer* command_buffer, bool waits, bool updates) {
    auto* blit = command_buffer->blitCommandEncoder();
    if (waits) blit->waitForFence(fence_);
    blit->fillBuffer(buffer_, NS::Range(0, 256), 1);
    if (updates) blit->updateFence(fence_);
    blit->endEncoding();
  }
  MTL::Buffer* buffer_ = nullptr;
  MTL::Fence* fence_ = nullptr;
};

TEST_F(UntrackedContracts, TwoPassesWithoutAFence) {
  auto* command_buffer = queue_->commandBuffer();
  fill(command_buffer, false, true);
  fill(command_buffer, false, false);
  EXPECT_REPORT("untracked-race", "MTLCommandBuffer #", "-[MTLCommandBuffer commit]", command_buffer->commit());
}

TEST_F(UntrackedContracts, TwoCommandBuffersWithoutAFence) {
  auto* first = queue_->commandBuffer();
  fill(first, false, false);
  first->commit();
  auto* second = queue_->commandBuffer();
  fill(second, false, false);
  EXPECT_REPORT("untracked-race", "MTLCommandBuffer #", "-[MTLCommandBuffer commit]", second->commit());
}

TEST_F(UntrackedContracts, AFenceOrdersPasses) {
  auto* first = queue_->commandBuffer();
  fill(first, false, true);
  fill(first, true, true);
  first->commit();
  auto* second = queue_->commandBuffer();
  fill(second, true, false);
  second->commit();
}

TEST_F(UntrackedContracts, AnEventOrdersPasses) {
  auto* event = device_->newEvent();
  auto* command_buffer = queue_->commandBuffer();
  fill(command_buffer, false, false);
  command_buffer->encodeSignalEvent(event, 1);
  command_buffer->encodeWait(event, 1);
  fill(command_buffer, false, false);
  command_buffer->commit();
  metalhost::drain_queues();
  event->release();
}

TEST_F(UntrackedContracts, WhatIsDoneNeedsNoFence) {
  for (int i = 0; i < 2; ++i) {
    auto* command_buffer = queue_->commandBuffer();
    fill(command_buffer, false, false);
    finish(command_buffer);
  }
}

}  // namespace
