// Programs that draw include all of metal-cpp; they are to compile, though metalhost draws nothing.
#include <gtest/gtest.h>
#include <simd/simd.h>

#include <Metal/Metal.hpp>
#include <QuartzCore/QuartzCore.hpp>

TEST(Shim, QuartzCoreAndVectorTypesAreThoseOfApple) {
  EXPECT_EQ(sizeof(CGSize), 16u);
  EXPECT_EQ(sizeof(CGRect), 32u);
  EXPECT_EQ(sizeof(vector_uchar16), 16u);
  EXPECT_EQ(sizeof(simd_float3), 16u);
  EXPECT_EQ(sizeof(simd_float4), 16u);
}
