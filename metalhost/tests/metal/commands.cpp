#include <metalhost/event_log.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include "support/metal.h"

namespace {

class Commands : public MetalTest {};

TEST_F(Commands, AKernelRunsOnTheQueue) {
  auto* buffer = new_buffer(64, 1);
  auto* command_buffer = encoded("add_one", {buffer}, 64);
  EXPECT_EQ(command_buffer->status(), MTL::CommandBufferStatusNotEnqueued);
  finish(command_buffer);
  EXPECT_EQ(command_buffer->status(), MTL::CommandBufferStatusCompleted);
  EXPECT_EQ(command_buffer->error(), nullptr);
  EXPECT_GT(command_buffer->GPUEndTime(), command_buffer->GPUStartTime());
  EXPECT_EQ(floats(buffer)[63], 2);
  buffer->release();
}

TEST_F(Commands, RunAsynchronouslyAndInOrder) {
  auto* buffer = new_buffer(64);
  metalhost::pause_gpu();
  MTL::CommandBuffer* last = nullptr;
  for (int i = 0; i < 10; ++i) {
    last = encoded("add_one", {buffer}, 64);
    last->commit();
  }
  EXPECT_LT(last->status(), MTL::CommandBufferStatusCompleted);
  last->waitUntilCompleted();
  EXPECT_EQ(floats(buffer)[0], 10);
  buffer->release();
}

TEST_F(Commands, EnqueueFixesTheOrder) {
  auto* a = new_buffer(32, 1);
  auto* b = new_buffer(32);
  auto* first = encoded("add_one", {a}, 32);
  auto* second = encoded("copy", {a, b}, 32);
  first->enqueue();
  second->enqueue();
  second->commit();
  first->commit();
  second->waitUntilCompleted();
  EXPECT_EQ(floats(b)[0], 2);
  a->release();
  b->release();
}

TEST_F(Commands, HandlersRunBeforeTheWaitReturns) {
  auto* buffer = new_buffer(32);
  auto* command_buffer = encoded("add_one", {buffer}, 32);
  __block std::atomic<int> scheduled{0}, completed{0};
  std::atomic<int>*s = &scheduled, *c = &completed;
  command_buffer->addScheduledHandler(^(MTL::CommandBuffer*) {
    ++*s;
  });
  command_buffer->addCompletedHandler([c](MTL::CommandBuffer* done) {
    EXPECT_EQ(done->status(), MTL::CommandBufferStatusCompleted);
    ++*c;
  });
  finish(command_buffer);
  EXPECT_EQ(scheduled, 1);
  EXPECT_EQ(completed, 1);
  buffer->release();
}

TEST_F(Commands, AFailureEndsTheCommandBufferAndNotTheQueue) {
  auto* buffer = new_buffer(32, 1);
  auto* failing = queue_->commandBuffer();
  auto* encoder = failing->computeCommandEncoder();
  dispatch(encoder, "fail", {buffer}, 32);
  dispatch(encoder, "add_one", {buffer}, 32);
  encoder->endEncoding();
  finish(failing);
  EXPECT_EQ(failing->status(), MTL::CommandBufferStatusError);
  EXPECT_STREQ(failing->error()->localizedDescription()->utf8String(), "fail: planted failure");
  EXPECT_EQ(floats(buffer)[0], 1);  // what came after did not run
  finish(encoded("add_one", {buffer}, 32));
  EXPECT_EQ(floats(buffer)[0], 2);
  buffer->release();
}

TEST_F(Commands, AnErrorCanBeInjected) {
  metalhost::inject_gpu_error("out of luck");
  auto* buffer = new_buffer(32);
  auto* failing = encoded("add_one", {buffer}, 32);
  finish(failing);
  EXPECT_STREQ(failing->error()->localizedDescription()->utf8String(), "out of luck");
  buffer->release();
}

TEST_F(Commands, BlitsCopyAndFill) {
  auto* a = new_buffer(64, 3);
  auto* hidden = device_->newBuffer(256, MTL::ResourceStorageModePrivate);
  auto* b = new_buffer(64);
  auto* command_buffer = queue_->commandBuffer();
  auto* blit = command_buffer->blitCommandEncoder();
  blit->copyFromBuffer(a, 0, hidden, 0, 256);
  blit->fillBuffer(hidden, NS::Range(0, 4), 0);
  blit->copyFromBuffer(hidden, 0, b, 0, 256);
  blit->endEncoding();
  finish(command_buffer);
  EXPECT_EQ(floats(b)[0], 0);
  EXPECT_EQ(floats(b)[63], 3);
  for (auto* buffer : {a, hidden, b}) buffer->release();
}

TEST_F(Commands, ConcurrentDispatchesWithABarrierAreFine) {
  auto* a = new_buffer(32, 1);
  auto* b = new_buffer(32);
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  EXPECT_EQ(encoder->dispatchType(), MTL::DispatchTypeConcurrent);
  dispatch(encoder, "add_one", {a}, 32);
  encoder->memoryBarrier(MTL::BarrierScopeBuffers);
  dispatch(encoder, "copy", {a, b}, 32);
  const MTL::Resource* both[] = {a, b};
  encoder->memoryBarrier(both, 2);
  dispatch(encoder, "add_one", {b}, 32);
  encoder->endEncoding();
  finish(command_buffer);
  EXPECT_EQ(floats(b)[0], 3);
  a->release();
  b->release();
}

TEST_F(Commands, InlineBytesAreCopiedWhenTheyAreSet) {
  auto* sum = new_buffer(32);
  auto* pipeline = new_pipeline("sum");
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  std::vector<float> values(32, 2);
  encoder->setComputePipelineState(pipeline);
  encoder->setBytes(values.data(), 128, 0);
  encoder->setBytes(values.data(), 128, 1);
  values.assign(32, 100);
  encoder->setBuffer(sum, 0, 2);
  encoder->dispatchThreadgroups(MTL::Size(1, 1, 1), MTL::Size(32, 1, 1));
  encoder->endEncoding();
  finish(command_buffer);
  EXPECT_EQ(floats(sum)[31], 4);
  pipeline->release();
  sum->release();
}

TEST_F(Commands, FunctionConstantsReachTheKernel) {
  auto* values = MTL::FunctionConstantValues::alloc()->init();
  float factor = 2.5f;
  values->setConstantValue(&factor, MTL::DataTypeFloat, NS::UInteger{0});
  auto* function = library_->newFunction(MTLSTR("scale"), values, static_cast<NS::Error**>(nullptr));
  ASSERT_NE(function, nullptr);
  auto* pipeline = device_->newComputePipelineState(function, static_cast<NS::Error**>(nullptr));
  auto* buffer = new_buffer(32, 2);
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline);
  encoder->setBuffer(buffer, 0, 0);
  encoder->dispatchThreads(MTL::Size(32, 1, 1), MTL::Size(32, 1, 1));
  encoder->endEncoding();
  finish(command_buffer);
  EXPECT_EQ(floats(buffer)[0], 5);
  for (NS::Object* object : std::initializer_list<NS::Object*>{values, function, pipeline, buffer}) object->release();
}

TEST_F(Commands, ALibraryFromSourceHasTheKernelsItNames) {
  NS::Error* error = nullptr;
  auto* library = device_->newLibrary(MTLSTR("kernel void add_one(device float* x [[buffer(0)]]) {}"), nullptr, &error);
  ASSERT_NE(library, nullptr);
  EXPECT_EQ(library->functionNames()->count(), 1u);
  library->release();
  EXPECT_EQ(device_->newLibrary(MTLSTR("kernel void f(device float* x [[buffer(0)]]) { x[0] = unheard_of; }"), nullptr,
                                &error),
            nullptr);
  ASSERT_NE(error, nullptr);
  EXPECT_NE(std::string(error->localizedDescription()->utf8String()).find("unheard_of"), std::string::npos);
}

TEST_F(Commands, ALibraryFromAFileIsItsSource) {
  std::string path = ::testing::TempDir() + "metalhost_library.metal";
  std::ofstream(path) << "kernel void copy(device const float* a, device float* b) {}";
  auto* name = NS::String::string(path.c_str(), NS::UTF8StringEncoding);
  NS::Error* error = nullptr;
  auto* library = device_->newLibrary(NS::URL::fileURLWithPath(name), &error);
  ASSERT_NE(library, nullptr);
  EXPECT_STREQ(library->functionNames()->object<NS::String>(0)->utf8String(), "copy");
  library->release();
  std::remove(path.c_str());
  EXPECT_EQ(device_->newLibrary(NS::URL::fileURLWithPath(name), &error), nullptr);
  EXPECT_EQ(error->code(), MTL::LibraryErrorFileNotFound);
}

TEST_F(Commands, SeveralBuffersAreSetAtOnce) {
  auto *a = new_buffer(32, 1), *b = new_buffer(32, 2), *c = new_buffer(64);
  auto* pipeline = new_pipeline("sum");
  auto* command_buffer = queue_->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline);
  const MTL::Buffer* buffers[] = {a, b, c};
  const NS::UInteger offsets[] = {0, 0, 128};
  encoder->setBuffers(buffers, offsets, NS::Range(0, 3));
  encoder->dispatchThreads(MTL::Size(32, 1, 1), MTL::Size(32, 1, 1));
  encoder->endEncoding();
  finish(command_buffer);
  EXPECT_EQ(floats(c)[0], 0);
  EXPECT_EQ(floats(c)[32], 3);
  for (NS::Object* object : std::initializer_list<NS::Object*>{a, b, c, pipeline}) object->release();
}

TEST_F(Commands, CompletionHandlersGetWhatWasMade) {
  auto* options = MTL::CompileOptions::alloc()->init();
  options->setMathMode(MTL::MathModeSafe);
  MTL::Library* made = nullptr;
  device_->newLibrary(MTLSTR("kernel void add_one(device float* x) {}"), options,
                      [&made](MTL::Library* library, NS::Error* error) {
                        EXPECT_EQ(error, nullptr);
                        made = library->retain();
                      });
  ASSERT_NE(made, nullptr);
  auto* function = made->newFunction(MTLSTR("add_one"));
  int pipelines = 0;
  device_->newComputePipelineState(function, [&pipelines](MTL::ComputePipelineState* pipeline, NS::Error*) {
    pipelines += pipeline->maxTotalThreadsPerThreadgroup() == 1024;
  });
  EXPECT_EQ(pipelines, 1);
  for (NS::Object* object : std::initializer_list<NS::Object*>{options, made, function}) object->release();
}

TEST_F(Commands, EventsOrderQueues) {
  auto* other = device_->newCommandQueue();
  auto* event = device_->newEvent();
  auto* a = new_buffer(32, 1);
  auto* b = new_buffer(32);
  auto* consumer = other->commandBuffer();
  consumer->encodeWait(event, 1);
  auto* encoder = consumer->computeCommandEncoder();
  dispatch(encoder, "copy", {a, b}, 32);
  encoder->endEncoding();
  auto* producer = encoded("add_one", {a}, 32);
  producer->encodeSignalEvent(event, 1);
  producer->commit();
  consumer->commit();
  consumer->waitUntilCompleted();
  EXPECT_EQ(floats(b)[0], 2);
  for (NS::Object* object : std::initializer_list<NS::Object*>{other, event, a, b}) object->release();
}

TEST_F(Commands, SharedEventsReachTheProgram) {
  auto* event = device_->newSharedEvent();
  auto* listener = MTL::SharedEventListener::alloc()->init();
  std::atomic<uint64_t> seen{0};
  event->notifyListener(listener, 3, [&seen](MTL::SharedEvent*, uint64_t value) { seen = value; });
  auto* command_buffer = queue_->commandBuffer();
  command_buffer->encodeWait(event, 2);
  command_buffer->encodeSignalEvent(event, 3);
  command_buffer->commit();
  EXPECT_EQ(event->signaledValue(), 0u);
  EXPECT_FALSE(event->waitUntilSignaledValue(3, 1));
  event->setSignaledValue(2);
  EXPECT_TRUE(event->waitUntilSignaledValue(3, 5000));
  command_buffer->waitUntilCompleted();
  EXPECT_EQ(seen, 3u);
  listener->release();
  event->release();
}

TEST_F(Commands, UnretainedCommandBuffersRunToo) {
  auto* buffer = new_buffer(32);
  auto* command_buffer = queue_->commandBufferWithUnretainedReferences();
  EXPECT_FALSE(command_buffer->retainedReferences());
  auto* encoder = command_buffer->computeCommandEncoder();
  dispatch(encoder, "add_one", {buffer}, 32);
  encoder->endEncoding();
  finish(command_buffer);
  EXPECT_EQ(floats(buffer)[0], 1);
  buffer->release();
}

TEST_F(Commands, TheEventLogTellsTheOrder) {
  metalhost::start_event_log();
  auto* buffer = new_buffer(32);
  finish(encoded("add_one", {buffer}, 32));
  buffer->release();
  std::vector<std::string> kinds;
  for (const auto& event : metalhost::stop_event_log()) {
    if (event.kind != metalhost::EventKind::create) kinds.emplace_back(metalhost::name_of(event.kind));
  }
  kinds.resize(5);
  EXPECT_EQ(kinds, (std::vector<std::string>{"allocate", "encoder_begin", "dispatch", "encoder_end", "commit"}));
}

TEST_F(Commands, CountersCount) {
  auto* buffer = new_buffer(32);
  metalhost::reset_counters();
  finish(encoded("add_one", {buffer}, 32));
  auto counters = metalhost::counters();
  EXPECT_EQ(counters.command_buffers, 1u);
  EXPECT_EQ(counters.encoders, 1u);
  EXPECT_EQ(counters.dispatches, 1u);
  EXPECT_EQ(counters.host_waits, 1u);
  EXPECT_EQ(counters.buffers, 0u);
  EXPECT_EQ(counters.creations, 1u);  // the pipeline
  buffer->release();
}

TEST_F(Commands, ManyThreadsUseTheirOwnQueues) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      auto* outer = NS::AutoreleasePool::alloc()->init();
      auto* queue = device_->newCommandQueue();
      for (int i = 0; i < 50; ++i) {
        auto* pool = NS::AutoreleasePool::alloc()->init();
        auto* buffer = new_buffer(64, 1);
        auto* command_buffer = queue->commandBuffer();
        auto* encoder = command_buffer->computeCommandEncoder();
        dispatch(encoder, "add_one", {buffer}, 64);
        encoder->endEncoding();
        finish(command_buffer);
        EXPECT_EQ(floats(buffer)[63], 2);
        buffer->release();
        pool->release();
      }
      queue->release();
      outer->release();
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(Commands, AQueueMayDieBeforeItsWork) {
  auto* queue = device_->newCommandQueue();
  auto* buffer = new_buffer(32);
  metalhost::pause_gpu();
  auto* pool = NS::AutoreleasePool::alloc()->init();
  auto* command_buffer = queue->commandBuffer();
  auto* encoder = command_buffer->computeCommandEncoder();
  dispatch(encoder, "add_one", {buffer}, 32);
  encoder->endEncoding();
  command_buffer->commit();
  queue->release();
  pool->release();
  metalhost::drain_queues();
  EXPECT_EQ(floats(buffer)[0], 1);
  buffer->release();
}

}  // namespace
