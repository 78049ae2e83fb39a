// The reported defects of MPS: reported at the call, broken as on the devices that have them, absent on others.
#include <cmath>

#include "mps/matrices.h"

namespace {

class Defects : public Mps {
 protected:
  void use_device(metalhost::DeviceProfile profile) {
    device_->release();
    metalhost::set_devices({std::move(profile)});
    device_ = MTL::CreateSystemDefaultDevice();
    queue_ = own(device_->newCommandQueue());
  }
  void multiply(MTL::CommandBuffer* buffer, MPS::MatrixMultiplication* kernel, std::size_t rows, std::size_t columns,
                std::size_t inner) {
    auto* left = filled(matrix(rows, inner));
    auto* right = filled(matrix(inner, columns));
    result_ = matrix(rows, columns);
    kernel->encodeToCommandBuffer(buffer, left, right, result_);
  }
  // Multiplies on the device and says which rules were reported and how many rows are NaN.
  std::string outcome(std::size_t rows, std::size_t columns, std::size_t inner) {
    auto* kernel = own(MPS::MatrixMultiplication::alloc()->init(device_, rows, columns, inner));
    run([&](MTL::CommandBuffer* buffer) { multiply(buffer, kernel, rows, columns, inner); });
    std::string text;
    for (const auto& report : metalhost::take_reports()) text += report.rule + " ";
    std::size_t broken = 0;
    for (std::size_t i = 0; i < rows; ++i) broken += std::isnan(get(result_, i, 0));
    return text + std::to_string(broken);
  }
  MPS::Matrix* result_ = nullptr;
};

TEST_F(Defects, BandsOfNaNOnM1) {
  auto profile = metalhost::DeviceProfile::m1();
  ASSERT_TRUE(profile.defects.nan_bands);
  profile.defects.nan_band_bytes = (128 + 2 * 16) * 64 * 4;
  use_device(profile);
  EXPECT_EQ(outcome(127, 64, 16), "0");
  EXPECT_EQ(outcome(128, 64, 16), "mps-nan-bands 1");
  EXPECT_EQ(outcome(200, 64, 16), "mps-nan-bands 32");
}

TEST_F(Defects, TheBoundariesAreThoseReported) {
  EXPECT_EQ(metalhost::DeviceProfile::m1().defects.nan_band_bytes, uint64_t{1} << 31);
  EXPECT_EQ(metalhost::DeviceProfile::m1().defects.long_k, 32767u);
}

TEST_F(Defects, LongKOnM1) {
  auto profile = metalhost::DeviceProfile::m1();
  ASSERT_TRUE(profile.defects.long_k_out_of_bounds);
  profile.defects.long_k = 512;
  use_device(profile);
  EXPECT_EQ(outcome(16, 16, 511), "0");
  EXPECT_EQ(outcome(16, 16, 512), "mps-long-k 16");
  EXPECT_EQ(outcome(15, 16, 512), "0");
  EXPECT_EQ(outcome(16, 15, 512), "0");
}

TEST_F(Defects, ReportsNameTheCall) {
  auto profile = metalhost::DeviceProfile::m1();
  profile.defects.nan_band_bytes = 4096;
  profile.defects.long_k = 32;
  use_device(profile);
  const char* message = "-[MPSMatrixMultiplication encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:]";
  auto* wide = own(MPS::MatrixMultiplication::alloc()->init(device_, 64, 64, 4));
  auto* buffer = queue_->commandBuffer();
  auto *left = matrix(64, 4), *right = matrix(4, 64), *result = matrix(64, 64);
  EXPECT_REPORT("mps-nan-bands", "MPSMatrixMultiplication #", message,
                wide->encodeToCommandBuffer(buffer, left, right, result));
  profile.defects.nan_bands = false;
  use_device(profile);
  auto* deep = own(MPS::MatrixMultiplication::alloc()->init(device_, 16, 16, 32));
  auto* other = queue_->commandBuffer();
  auto *a = matrix(16, 32), *b = matrix(32, 16), *c = matrix(16, 16);
  EXPECT_REPORT("mps-long-k", "MPSMatrixMultiplication #", message, deep->encodeToCommandBuffer(other, a, b, c));
}

TEST_F(Defects, NeitherOnM3) {
  auto profile = metalhost::DeviceProfile::m3();
  EXPECT_FALSE(profile.defects.nan_bands);
  profile.defects.long_k = 512;
  use_device(profile);
  EXPECT_EQ(outcome(16, 16, 512), "0");
}

TEST_F(Defects, AProductOfBfloat16Aborts) {
  auto *left = matrix(2, 2, MPS::DataTypeBFloat16), *right = matrix(2, 2, MPS::DataTypeBFloat16);
  auto* result = matrix(2, 2);
  auto* kernel = own(MPS::MatrixMultiplication::alloc()->init(device_, 2, 2, 2));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-bf16-product", "MPSMatrixMultiplication #",
                "-[MPSMatrixMultiplication encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:]",
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

}  // namespace
