#include "temper/interop/metal.h"

#include <gtest/gtest.h>

#include <Metal/Metal.hpp>

#include "device/backend.h"
#include "device/context.h"
#include "device/transfer.h"
#include "temper/error.h"

namespace temper {
namespace {

TEST(MetalInterop, BorrowsTheDeviceOfATensor) {
  Context ctx(open_backend({DeviceType::metal, 0}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3}, {3});
  MTL::Device* device = metal_device(x);
  ASSERT_NE(device, nullptr);
  EXPECT_TRUE(device->hasUnifiedMemory());
  const auto references = device->retainCount();
  EXPECT_EQ(metal_device(x), device);
  EXPECT_EQ(device->retainCount(), references);
}

TEST(MetalInterop, RefusesTensorsElsewhere) {
  Context ctx(open_backend({DeviceType::cpu, 0}));
  const Tensor x = upload(ctx, std::vector<float>{1}, {1});
  const auto code_of = [](const Tensor& tensor) {
    try {
      metal_device(tensor);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code_of(x), ErrorCode::device_mismatch);
  EXPECT_EQ(code_of(Tensor()), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace temper
