// Built with metalhost::instrumented: every load and store is checked, without announcing it.
#include <sys/mman.h>
#include <unistd.h>

#include "support/metal.h"

namespace {

class Instrumented : public MetalTest {
 protected:
  void SetUp() override {
    MetalTest::SetUp();
    bytes_ = static_cast<NS::UInteger>(getpagesize());
    data_ = static_cast<float*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    buffer_ = device_->newBuffer(data_, bytes_, MTL::ResourceStorageModeShared, nullptr);
    metalhost::pause_gpu();
    in_flight_ = encoded("add_one", {buffer_}, 32);  // the first 128 bytes
    in_flight_->commit();
  }
  void TearDown() override {
    in_flight_->waitUntilCompleted();
    data_[0] = 1;
    buffer_->release();
    MetalTest::TearDown();
    munmap(data_, bytes_);
  }
  NS::UInteger bytes_ = 0;
  volatile float* volatile_data() { return data_; }
  float* data_ = nullptr;
  MTL::Buffer* buffer_ = nullptr;
  MTL::CommandBuffer* in_flight_ = nullptr;
};

TEST_F(Instrumented, AStoreToWrappedMemoryInFlight) {
  auto* data = volatile_data();
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", data[31] = 2);
}

TEST_F(Instrumented, ALoadFromWrappedMemoryInFlight) {
  auto* data = volatile_data();
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", (void)data[0]);
}

TEST_F(Instrumented, OtherBytesAreFree) {
  auto* data = volatile_data();
  data[32] = 2;
  EXPECT_EQ(data[32], 2);
}

}  // namespace
