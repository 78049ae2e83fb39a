#include <gtest/gtest.h>

#include <bit>

#include "io/safetensors.h"
#include "tensor/quant.h"

namespace temper::io {
namespace {

class QuantGolden : public testing::TestWithParam<QuantType> {};

TEST_P(QuantGolden, EqualsTheReferenceBitForBit) {
  const SafetensorsFile golden(TEMPER_SOURCE_DIR "/tests/golden/data/quant.safetensors");
  const std::string name(temper::name_of(GetParam()));
  const StoredTensor& blocks = golden.at(name + ".blocks");
  const std::vector<float> expected = to_f32(golden.at(name + ".values"));
  ASSERT_GE(expected.size(), 128u);
  std::vector<float> actual(expected.size());
  dequantize(GetParam(), blocks.bytes, actual);
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(std::bit_cast<uint32_t>(actual[i]), std::bit_cast<uint32_t>(expected[i]))
        << name << "[" << i << "]: " << actual[i] << " instead of " << expected[i];
}

INSTANTIATE_TEST_SUITE_P(Types, QuantGolden,
                         testing::Values(QuantType::f32, QuantType::f16, QuantType::bf16, QuantType::q4_0,
                                         QuantType::q4_1, QuantType::q5_0, QuantType::q5_1, QuantType::q8_0,
                                         QuantType::q2_k, QuantType::q3_k, QuantType::q4_k, QuantType::q5_k,
                                         QuantType::q6_k),
                         [](const auto& type) { return std::string(temper::name_of(type.param)); });

}  // namespace
}  // namespace temper::io
