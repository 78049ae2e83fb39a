#include "device/metal/filled.h"

#include <fmt/format.h>

#include <bit>

#include "device/metal/dimensions.h"
#include "tensor/half.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/filled.h"

uint64_t bits_of(double value, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return std::bit_cast<uint32_t>(static_cast<float>(value));
    case DType::f16:
      return std::bit_cast<uint16_t>(from_f32<f16_t>(static_cast<float>(value)));
    case DType::bf16:
      return std::bit_cast<uint16_t>(from_f32<bf16_t>(static_cast<float>(value)));
    case DType::f64:
      return std::bit_cast<uint64_t>(value);
    case DType::i32:
    case DType::i64:
    case DType::u8:
    case DType::boolean:
      break;
  }
  return static_cast<uint64_t>(static_cast<int64_t>(value));
}

}  // namespace

void encode_filled(ComputeCommands& commands, const Operand& y, double value) {
  const uint64_t bits = bits_of(value, y.dtype());
  FilledParameters parameters{};
  parameters.count = static_cast<uint32_t>(y.elements());
  parameters.bits_low = static_cast<uint32_t>(bits);
  parameters.bits_high = static_cast<uint32_t>(bits >> 32);
  parameters.rank = CommonDimensions({&y.spec.layout}).write(parameters.extents, {parameters.strides});
  commands.kernel({"filled", fmt::format("filled_{}", size_of(y.dtype()))});
  commands.write(0, y);
  commands.value(1, parameters);
  commands.dispatch_elements(y.elements());
}

}  // namespace temper::metal
