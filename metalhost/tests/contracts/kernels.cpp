// Planted mistakes with compute and blit encoders, and what is reported.
#include <metalhost/bind_extent.h>

#include <future>
#include <thread>

#include "support/metal.h"

namespace {

class KernelContracts : public MetalTest {
 protected:
  void SetUp() override {
    MetalTest::SetUp();
    buffer_ = new_buffer(64);
    pipeline_ = new_pipeline("add_one");
    command_buffer_ = queue_->commandBuffer();
    encoder_ = command_buffer_->computeCommandEncoder();
    encoder_->setComputePipelineState(pipeline_);
    encoder_->setBuffer(buffer_, 0, 0);
  }
  void TearDown() override {
    encoder_->endEncoding();
    pipeline_->release();
    buffer_->release();
    MetalTest::TearDown();
  }
  void dispatch_threads(NS::UInteger grid, NS::UInteger group) {
    encoder_->dispatchThreads(MTL::Size(grid, 1, 1), MTL::Size(group, 1, 1));
  }
  static constexpr const char* kEncoder = "MTLComputeCommandEncoder #";
  static constexpr const char* kDispatch = "-[MTLComputeCommandEncoder dispatchThreads:threadsPerThreadgroup:]";

  MTL::Buffer* buffer_ = nullptr;
  MTL::ComputePipelineState* pipeline_ = nullptr;
  MTL::CommandBuffer* command_buffer_ = nullptr;
  MTL::ComputeCommandEncoder* encoder_ = nullptr;
};

#define EXPECT_DISPATCH_REPORT(rule, grid, group) \
  EXPECT_REPORT(rule, kEncoder, kDispatch, encoder_->dispatchThreads(MTL::Size(grid, 1, 1), MTL::Size(group, 1, 1)))

TEST_F(KernelContracts, ADispatchWithoutAPipeline) {
  encoder_->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder();
  EXPECT_DISPATCH_REPORT("no-pipeline", 32, 32);
}

TEST_F(KernelContracts, ABufferThatIsNotSet) {
  encoder_->setBuffer(nullptr, 0, 0);
  EXPECT_DISPATCH_REPORT("missing-argument", 32, 32);
}

TEST_F(KernelContracts, AnOffsetWhereNoBufferIs) {
  EXPECT_REPORT("missing-argument", kEncoder, "-[MTLComputeCommandEncoder setBufferOffset:atIndex:]",
                encoder_->setBufferOffset(16, 5));
}

TEST_F(KernelContracts, TheThirtySecondBuffer) {
  EXPECT_REPORT("argument-index", kEncoder, "-[MTLComputeCommandEncoder setBuffer:offset:atIndex:]",
                encoder_->setBuffer(buffer_, 0, 31));
}

TEST_F(KernelContracts, AnOffsetThatIsNotAligned) {
  encoder_->setBuffer(buffer_, 2, 0);  // a kernel of bytes could take it
  EXPECT_REPORT("argument-offset", "MTLBuffer #", kDispatch,
                encoder_->dispatchThreads(MTL::Size(32, 1, 1), MTL::Size(32, 1, 1)));
}

TEST_F(KernelContracts, AnExtentPastTheBuffer) {
  EXPECT_REPORT("buffer-range", "MTLBuffer #", "", metalhost_bind_extent(encoder_, 257, 0));
  encoder_->setBuffer(buffer_, 128, 0);
  EXPECT_REPORT("buffer-range", "MTLBuffer #", "", metalhost_bind_extent(encoder_, 132, 0));
}

TEST_F(KernelContracts, AnExtentWithoutABuffer) {
  EXPECT_REPORT("missing-argument", kEncoder, "", metalhost_bind_extent(encoder_, 4, 3));
}

TEST_F(KernelContracts, ADispatchPastItsExtent) {
  metalhost::bind_extent(encoder_, 64, 0);
  dispatch_threads(16, 16);
  EXPECT_REPORT("buffer-range", "MTLBuffer #", kDispatch,
                encoder_->dispatchThreads(MTL::Size(17, 1, 1), MTL::Size(17, 1, 1)));
}

// Two tensors of one buffer: the extents tell the dispatches apart, and nothing else does.
TEST_F(KernelContracts, ExtentsThatOverlapNeedABarrier) {
  encoder_->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  encoder_->setComputePipelineState(pipeline_);
  for (NS::UInteger offset : {0, 64, 128}) {
    encoder_->setBuffer(buffer_, offset, 0);
    metalhost::bind_extent(encoder_, 64, 0);
    dispatch_threads(16, 16);
  }
  encoder_->setBuffer(buffer_, 60, 0);
  metalhost::bind_extent(encoder_, 64, 0);
  EXPECT_DISPATCH_REPORT("missing-barrier", 16, 16);
}

TEST_F(KernelContracts, AnOffsetPastTheBuffer) {
  EXPECT_REPORT("argument-offset", "MTLBuffer #", "-[MTLComputeCommandEncoder setBufferOffset:atIndex:]",
                encoder_->setBufferOffset(256, 0));
}

TEST_F(KernelContracts, TooManyInlineBytes) {
  static const char bytes[4097] = {};
  EXPECT_REPORT("inline-bytes", kEncoder, "-[MTLComputeCommandEncoder setBytes:length:atIndex:]",
                encoder_->setBytes(bytes, sizeof bytes, 1));
}

TEST_F(KernelContracts, AThreadgroupOfTooManyThreads) {
  EXPECT_DISPATCH_REPORT("threadgroup-size", 2048, 1025);
}

TEST_F(KernelContracts, AThreadgroupOfNoThreads) {
  EXPECT_DISPATCH_REPORT("threadgroup-size", 32, 0);
}

TEST_F(KernelContracts, AnEmptyGrid) {
  EXPECT_DISPATCH_REPORT("empty-grid", 0, 32);
}

TEST_F(KernelContracts, ThreadgroupMemoryThatIsNotAligned) {
  EXPECT_REPORT("threadgroup-memory", kEncoder, "-[MTLComputeCommandEncoder setThreadgroupMemoryLength:atIndex:]",
                encoder_->setThreadgroupMemoryLength(100, 0));
}

TEST_F(KernelContracts, TooMuchThreadgroupMemory) {
  encoder_->setThreadgroupMemoryLength(32768, 0);
  encoder_->setThreadgroupMemoryLength(16, 1);
  EXPECT_DISPATCH_REPORT("threadgroup-memory", 32, 32);
}

TEST_F(KernelContracts, AKernelThatRunsPastItsBuffer) {
  EXPECT_REPORT("buffer-range", "MTLBuffer #", kDispatch,
                encoder_->dispatchThreads(MTL::Size(65, 1, 1), MTL::Size(32, 1, 1)));
}

TEST_F(KernelContracts, ADependentDispatchWithoutABarrier) {
  encoder_->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  encoder_->setComputePipelineState(pipeline_);
  encoder_->setBuffer(buffer_, 0, 0);
  dispatch_threads(32, 32);
  EXPECT_DISPATCH_REPORT("missing-barrier", 32, 32);
}

TEST_F(KernelContracts, ABarrierForOtherResourcesDoesNotHelp) {
  auto* other = new_buffer(16);
  encoder_->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  encoder_->setComputePipelineState(pipeline_);
  encoder_->setBuffer(buffer_, 0, 0);
  dispatch_threads(32, 32);
  const MTL::Resource* resources[] = {other};
  encoder_->memoryBarrier(resources, 1);
  EXPECT_DISPATCH_REPORT("missing-barrier", 32, 32);
  other->release();
}

TEST_F(KernelContracts, OtherBytesOfTheSameBufferNeedNoBarrier) {
  encoder_->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  encoder_->setComputePipelineState(pipeline_);
  encoder_->setBuffer(buffer_, 0, 0);
  dispatch_threads(32, 32);
  encoder_->setBufferOffset(128, 0);
  dispatch_threads(32, 32);
}

TEST_F(KernelContracts, AFunctionConstantThatIsNotSet) {
  auto* values = MTL::FunctionConstantValues::alloc()->init();
  EXPECT_REPORT("function-constant", "MTLLibrary #", "-[MTLLibrary newFunctionWithName:constantValues:error:]",
                library_->newFunction(MTLSTR("scale"), values, static_cast<NS::Error**>(nullptr)));
  values->release();
}

TEST_F(KernelContracts, AFunctionConstantOfAnotherType) {
  auto* values = MTL::FunctionConstantValues::alloc()->init();
  int factor = 2;
  values->setConstantValue(&factor, MTL::DataTypeInt, MTLSTR("factor"));
  EXPECT_REPORT("function-constant", "MTLLibrary #", "-[MTLLibrary newFunctionWithName:constantValues:error:]",
                library_->newFunction(MTLSTR("scale"), values, static_cast<NS::Error**>(nullptr)));
  values->release();
}

TEST_F(KernelContracts, APipelineFromAFunctionThatWasNotSpecialised) {
  auto* function = library_->newFunction(MTLSTR("scale"));
  EXPECT_REPORT("function-constant", "MTLFunction #", "-[MTLDevice newComputePipelineStateWithFunction:error:]",
                device_->newComputePipelineState(function, static_cast<NS::Error**>(nullptr)));
  function->release();
}

TEST_F(KernelContracts, ACopyPastTheBuffer) {
  encoder_->endEncoding();
  auto* blit = command_buffer_->blitCommandEncoder();
  auto* other = new_buffer(16);
  EXPECT_REPORT("buffer-range", "MTLBuffer #",
                "-[MTLBlitCommandEncoder copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:]",
                blit->copyFromBuffer(buffer_, 0, other, 0, 128));
  other->release();
  blit->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder();
}

TEST_F(KernelContracts, ACopyOntoItself) {
  encoder_->endEncoding();
  auto* blit = command_buffer_->blitCommandEncoder();
  EXPECT_REPORT("blit-range", "MTLBlitCommandEncoder #",
                "-[MTLBlitCommandEncoder copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:]",
                blit->copyFromBuffer(buffer_, 0, buffer_, 64, 128));
  blit->endEncoding();
  encoder_ = command_buffer_->computeCommandEncoder();
}

TEST_F(KernelContracts, AnEncoderUsedByTwoThreads) {
  // The kernel's extent is asked for while dispatchThreads: runs, so the other thread surely comes in between.
  static std::promise<void>* inside;
  static std::future<void>* leave;
  std::promise<void> entered, done;
  auto leaving = done.get_future();
  inside = &entered;
  leave = &leaving;
  metalhost::register_host_kernel({.name = "slow_to_encode",
                                   .arguments = {{0, true,
                                                  [](const metalhost::Dispatch&) -> uint64_t {
                                                    inside->set_value();
                                                    leave->wait();
                                                    return 4;
                                                  }}},
                                   .constants = {},
                                   .body = [](const metalhost::Dispatch&) {}});
  auto* library = device_->newDefaultLibrary();
  auto* function = library->newFunction(MTLSTR("slow_to_encode"));
  auto* pipeline = device_->newComputePipelineState(function, static_cast<NS::Error**>(nullptr));
  encoder_->setComputePipelineState(pipeline);
  std::thread other([this] { dispatch_threads(32, 32); });
  entered.get_future().wait();
  EXPECT_REPORT("concurrent-use", kEncoder, "-[MTLComputeCommandEncoder setBuffer:offset:atIndex:]",
                encoder_->setBuffer(buffer_, 0, 1));
  done.set_value();
  other.join();
  for (NS::Object* object : std::initializer_list<NS::Object*>{library, function, pipeline}) object->release();
}

}  // namespace
