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

}  // namespace
}  // namespace temper
