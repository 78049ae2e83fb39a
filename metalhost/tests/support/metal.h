// A device and a queue for tests, and kernels to run on them.
#pragma once
#include <metalhost/host_kernel.h>
#include <metalhost/runtime.h>

#include <Metal/Metal.hpp>

#include "support/reports.h"

// Registers the kernels that tests use: add_one (buffer 0 in place), copy (0 to 1), scale (0 in place by the float
// constant 0), sum (0 and 1 into 2), fail.
void register_test_kernels();

class MetalTest : public Contracts {
 protected:
  void SetUp() override {
    Contracts::SetUp();
    register_test_kernels();
    device_ = MTL::CreateSystemDefaultDevice();
    queue_ = device_->newCommandQueue();
    library_ = device_->newDefaultLibrary();
  }
  void TearDown() override {
    metalhost::drain_queues();
    library_->release();
    queue_->release();
    device_->release();
    Contracts::TearDown();
    for (const auto& leak : metalhost::find_leaks()) {
      if (leaks_expected_) break;
      ADD_FAILURE() << "leak: " << leak.object << " from " << leak.site;
    }
  }

  MTL::Buffer* new_buffer(NS::UInteger floats, float value = 0) {
    auto* buffer = device_->newBuffer(floats * sizeof(float), MTL::ResourceStorageModeShared);
    std::fill_n(static_cast<float*>(buffer->contents()), floats, value);
    return buffer;
  }
  static float* floats(MTL::Buffer* buffer) { return static_cast<float*>(buffer->contents()); }

  MTL::ComputePipelineState* new_pipeline(const char* name) {
    auto* function = library_->newFunction(NS::String::string(name, NS::UTF8StringEncoding));
    auto* pipeline = device_->newComputePipelineState(function, static_cast<NS::Error**>(nullptr));
    function->release();
    return pipeline;
  }
  // Encodes one dispatch of a kernel with buffers at indices 0, 1, ...
  void dispatch(MTL::ComputeCommandEncoder* encoder, const char* kernel, std::initializer_list<MTL::Buffer*> buffers,
                NS::UInteger threads) {
    auto* pipeline = new_pipeline(kernel);
    encoder->setComputePipelineState(pipeline);
    NS::UInteger index = 0;
    for (auto* buffer : buffers) encoder->setBuffer(buffer, 0, index++);
    encoder->dispatchThreads(MTL::Size(threads, 1, 1), MTL::Size(32, 1, 1));
    pipeline->release();
  }
  // A command buffer that runs one kernel; not committed.
  MTL::CommandBuffer* encoded(const char* kernel, std::initializer_list<MTL::Buffer*> buffers, NS::UInteger threads) {
    auto* command_buffer = queue_->commandBuffer();
    auto* encoder = command_buffer->computeCommandEncoder();
    dispatch(encoder, kernel, buffers, threads);
    encoder->endEncoding();
    return command_buffer;
  }
  static void finish(MTL::CommandBuffer* command_buffer) {
    command_buffer->commit();
    command_buffer->waitUntilCompleted();
  }

  MTL::Device* device_ = nullptr;
  MTL::CommandQueue* queue_ = nullptr;
  MTL::Library* library_ = nullptr;
  bool leaks_expected_ = false;
};
