#include "tensor/quant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/fail.h"

namespace temper {
namespace {

// Every type is compared with the reference's numbers in tests/unit/io/quant_golden_test.cpp; here are blocks small
// enough to work out by hand, and the errors.

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Dequantize, Q4_0CentresNibblesOnEight) {
  auto block = bytes_of({0x00, 0x40});  // d = 2
  block.push_back(std::byte{0xf0});     // element 0: nibble 0, element 16: nibble 15
  block.resize(18, std::byte{0x88});
  std::vector<float> out(32);
  dequantize(QuantType::q4_0, block, out);
  EXPECT_EQ(out[0], -16.0f);
  EXPECT_EQ(out[16], 14.0f);
  EXPECT_EQ(out[1], 0.0f);
}

TEST(Dequantize, Q4_1AddsTheMinimum) {
  auto block = bytes_of({0x00, 0x38, 0x00, 0xbc});  // d = 0.5, m = -1
  block.push_back(std::byte{0x3f});                 // element 0: nibble 15, element 16: nibble 3
  block.resize(20, std::byte{0});
  std::vector<float> out(32);
  dequantize(QuantType::q4_1, block, out);
  EXPECT_EQ(out[0], 6.5f);
  EXPECT_EQ(out[16], 0.5f);
  EXPECT_EQ(out[31], -1.0f);
}

TEST(Dequantize, Q8_0ReadsSignedBytes) {
  auto block = bytes_of({0x00, 0x3c, 0x80, 0x7f});  // d = 1, then -128, 127
  block.resize(34, std::byte{0});
  std::vector<float> out(32);
  dequantize(QuantType::q8_0, block, out);
  EXPECT_EQ(out[0], -128.0f);
  EXPECT_EQ(out[1], 127.0f);
}

TEST(Dequantize, HalfsKeepSubnormalsInfinitiesAndNan) {
  const auto halfs = bytes_of({0x01, 0x00, 0xff, 0x83, 0x00, 0x7c, 0x00, 0xfc, 0x01, 0x7e, 0x00, 0x80});
  std::vector<float> out(6);
  dequantize(QuantType::f16, halfs, out);
  EXPECT_EQ(out[0], 0x1p-24f);
  EXPECT_EQ(out[1], -1023 * 0x1p-24f);
  EXPECT_EQ(out[2], INFINITY);
  EXPECT_EQ(out[3], -INFINITY);
  EXPECT_TRUE(std::isnan(out[4]));
  EXPECT_TRUE(out[5] == 0 && std::signbit(out[5]));
}

TEST(Dequantize, SeveralBlocksFollowEachOther) {
  std::vector<std::byte> blocks;
  for (int block = 1; block <= 3; ++block) {
    blocks.push_back(std::byte{0x00});
    blocks.push_back(std::byte{0x3c});
    blocks.resize(blocks.size() + 32, static_cast<std::byte>(block));
  }
  std::vector<float> out(96);
  dequantize(QuantType::q8_0, blocks, out);
  EXPECT_EQ(out[31], 1.0f);
  EXPECT_EQ(out[32], 2.0f);
  EXPECT_EQ(out[95], 3.0f);
}

TEST(Dequantize, NothingGivesNothing) {
  EXPECT_NO_THROW(dequantize(QuantType::q6_k, {}, {}));
}

TEST(Dequantize, RefusesSizesThatDontFit) {
  const std::vector<std::byte> blocks(36);
  std::vector<float> out(64);
  EXPECT_NO_THROW(dequantize(QuantType::q4_0, blocks, out));
  EXPECT_THROW(dequantize(QuantType::q4_0, std::span(blocks).first(35), out), Error);
  EXPECT_THROW(dequantize(QuantType::q4_0, blocks, std::span(out).first(63)), Error);
  EXPECT_THROW(dequantize(QuantType::q4_0, blocks, std::span(out).first(32)), Error);
}

TEST(StoredBytes, CountsWholeBlocks) {
  EXPECT_EQ(stored_bytes(QuantType::q4_1, 64), 40u);
  EXPECT_EQ(stored_bytes(QuantType::q6_k, 512), 420u);
  EXPECT_EQ(stored_bytes(QuantType::bf16, 3), 6u);
  EXPECT_EQ(stored_bytes(QuantType::q4_k, 0), 0u);
  EXPECT_THROW(stored_bytes(QuantType::q4_1, 33), Error);
  EXPECT_THROW(stored_bytes(QuantType::q4_1, -32), Error);
  EXPECT_THROW(stored_bytes(QuantType::f32, INT64_MAX), Error);
}

}  // namespace
}  // namespace temper
