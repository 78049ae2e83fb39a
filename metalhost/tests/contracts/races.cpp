// The CPU in the way of the GPU: what page protection and checked accessors find, and what they let pass.
#include <metalhost/cpu_access.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/metal.h"

namespace {

class Races : public MetalTest {
 protected:
  void SetUp() override {
    MetalTest::SetUp();
    input_ = new_buffer(4096);
    output_ = new_buffer(4096);
    metalhost::pause_gpu();
    in_flight_ = encoded("copy", {input_, output_}, 1024);  // 4,096 of 16,384 bytes
    in_flight_->commit();
  }
  void TearDown() override {
    in_flight_->waitUntilCompleted();
    (void)floats(output_)[0];  // allowed again
    floats(input_)[0] = 1;
    input_->release();
    output_->release();
    MetalTest::TearDown();
  }
  volatile float* in() { return floats(input_); }
  volatile float* out() { return floats(output_); }

  MTL::Buffer* input_ = nullptr;
  MTL::Buffer* output_ = nullptr;
  MTL::CommandBuffer* in_flight_ = nullptr;
};

TEST_F(Races, TheCpuWritesWhatTheGpuReads) {
  auto* data = in();
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", data[5] = 2);
}

TEST_F(Races, TheCpuReadsWhatTheGpuWrites) {
  auto* data = out();
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", (void)data[5]);
}

TEST_F(Races, TheCpuWritesWhatTheGpuWrites) {
  auto* data = out();
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", data[1023] = 2);
}

TEST_F(Races, BothMayRead) {
  (void)in()[5];
}

TEST_F(Races, OtherPagesAreFree) {
  in()[2048] = 2;
  out()[2048] = 2;
}

TEST_F(Races, OtherBytesOfTheSamePageAreFree) {
  in_flight_->waitUntilCompleted();
  metalhost::pause_gpu();
  in_flight_ = encoded("copy", {input_, output_}, 16);  // the first 64 bytes
  in_flight_->commit();
  out()[16] = 2;
  EXPECT_EQ(out()[16], 2);
}

TEST_F(Races, ACheckedAccessorJudgesBytes) {
  auto* data = floats(output_);
  metalhost::cpu_access(data + 1024, 64, true);
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", metalhost::cpu_access(data + 1020, 64, false));
}

TEST_F(Races, ACheckedAccessorSeesWrappedMemory) {
  auto bytes = static_cast<NS::UInteger>(getpagesize());
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* wrapped = device_->newBuffer(memory, bytes, MTL::ResourceStorageModeShared, nullptr);
  metalhost::pause_gpu();
  auto* command_buffer = encoded("add_one", {wrapped}, 32);
  command_buffer->commit();
  EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", metalhost::cpu_access(memory, 4, false));
  metalhost::cpu_access(static_cast<char*>(memory) + 128, 4, true);
  command_buffer->waitUntilCompleted();
  metalhost::cpu_access(memory, 4, true);
  wrapped->release();
  pool_->release();
  pool_ = NS::AutoreleasePool::alloc()->init();
  munmap(memory, bytes);
  in_flight_ = encoded("copy", {input_, output_}, 16);
  in_flight_->commit();
}

TEST_F(Races, ACheckedAccessorSeesEveryBufferOverThePages) {
  // Tensors of a mapped file: each is wrapped with the whole pages around it, so neighbours share a page.
  const auto page = static_cast<NS::UInteger>(getpagesize());
  auto* memory =
      static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  auto* first = device_->newBuffer(memory, page, MTL::ResourceStorageModeShared, nullptr);
  auto* second = device_->newBuffer(memory, 2 * page, MTL::ResourceStorageModeShared, nullptr);
  auto* third = device_->newBuffer(memory, 2 * page, MTL::ResourceStorageModeShared, nullptr);
  for (MTL::Buffer* used : {first, second, third}) {
    metalhost::pause_gpu();
    auto* command_buffer = encoded("add_one", {used}, 32);
    command_buffer->commit();
    EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", metalhost::cpu_access(memory, 4, false));
    EXPECT_REPORT("cpu-gpu-race", "MTLBuffer #", "", metalhost::cpu_access(memory + 120, page, true));
    metalhost::cpu_access(memory + 128, page, true);
    command_buffer->waitUntilCompleted();
  }
  metalhost::cpu_access(memory, 2 * page, true);
  for (MTL::Buffer* buffer : {first, second, third}) buffer->release();
  pool_->release();
  pool_ = NS::AutoreleasePool::alloc()->init();
  munmap(memory, 2 * page);
  in_flight_ = encoded("copy", {input_, output_}, 16);
  in_flight_->commit();
}

using RacesDeathTest = Races;

TEST_F(RacesDeathTest, AStoreToWrappedReadOnlyPagesEndsTheProgram) {
  const auto page = static_cast<NS::UInteger>(getpagesize());
  auto* memory = static_cast<volatile char*>(mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  auto* wrapped = device_->newBuffer(const_cast<char*>(memory), page, MTL::ResourceStorageModeShared, nullptr);
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(memory[0] = 1, "");
  wrapped->release();
  munmap(const_cast<char*>(memory), page);
}

TEST_F(Races, ProtectionCanBeTurnedOff) {
  metalhost::set_page_protection(false);
  in_flight_->waitUntilCompleted();
  metalhost::pause_gpu();
  in_flight_ = encoded("copy", {input_, output_}, 16);
  in_flight_->commit();
  in()[0] = 2;
  metalhost::set_page_protection(true);
}

}  // namespace
