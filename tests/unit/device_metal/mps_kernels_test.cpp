// The cache of MPS kernel objects.
#include "device/metal/mps_kernels.h"

#include <gtest/gtest.h>

#include "device/metal/mps_product.h"

namespace temper::metal {
namespace {

/// The kernel for products of [rows, 4] x [4, 4].
MPS::Kernel* product_of(MpsKernels& kernels, Counters& counters, int64_t rows) {
  const AutoreleaseScope scope;
  const KernelKey key{.rows = rows, .columns = 4, .interior = 4};
  return &kernels.get<MPS::MatrixMultiplication>(key, counters, [&](MTL::Device* device) {
    return MPS::MatrixMultiplication::alloc()->init(device, false, false, extent(rows), 4, 4, 1.0, 0.0);
  });
}

TEST(MpsKernels, AShapeHasOneKernel) {
  MpsKernels kernels(Gpu::open(0));
  Counters counters;
  MPS::Kernel* const five = product_of(kernels, counters, 5);
  EXPECT_NE(product_of(kernels, counters, 6), five);
  EXPECT_EQ(product_of(kernels, counters, 5), five);
  EXPECT_EQ(counters.kernels_created, 2);
}

TEST(MpsKernels, TheKernelUsedLongestAgoGoesFirst) {
  MpsKernels kernels(Gpu::open(0), 2);
  Counters counters;
  product_of(kernels, counters, 5);
  product_of(kernels, counters, 6);
  product_of(kernels, counters, 5);
  product_of(kernels, counters, 7);  // 6 goes
  EXPECT_EQ(kernels.size(), 2u);
  product_of(kernels, counters, 5);
  EXPECT_EQ(counters.kernels_created, 3);
  product_of(kernels, counters, 6);
  EXPECT_EQ(counters.kernels_created, 4);
}

}  // namespace
}  // namespace temper::metal
