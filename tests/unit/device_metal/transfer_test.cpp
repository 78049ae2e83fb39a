#include <gtest/gtest.h>

#include "device/backend.h"
#include "device/context.h"
#include "device/transfer.h"

namespace temper {
namespace {

TEST(MetalBackend, UploadsAndReads) {
  Context ctx(open_backend({DeviceType::metal, 0}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3}, {3});
  EXPECT_EQ(read<float>(ctx, x), (std::vector<float>{1, 2, 3}));
}

TEST(MetalBackend, ReadsNoTensorOfAnotherDevice) {
  Context cpu(open_backend({})), metal(open_backend({DeviceType::metal, 0}));
  const Tensor x = upload(cpu, std::vector<float>{1, 2, 3}, {3});
  try {
    read<float>(metal, x);
    FAIL() << "a CPU tensor was read as Metal's";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device_mismatch);
    EXPECT_NE(std::string(error.what()).find("cpu:0 with a context on metal:0"), std::string::npos) << error.what();
  }
}

// `--device auto` takes the first device that opens.
TEST(MetalBackend, AnEmulatedOneIsNotTheFirstDevice) {
  const std::vector<DeviceType> devices = available_devices();
  const bool emulated = open_backend({DeviceType::metal, 0})->is_emulated();
  EXPECT_EQ(devices.front(), emulated ? DeviceType::cpu : DeviceType::metal);
}

}  // namespace
}  // namespace temper
