#include "device/metal/strided.h"

#include <fmt/format.h>

#include "base/fail.h"
#include "device/metal/dimensions.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/strided.h"

std::string strided_types(DType from, DType to) {
  if (from == to) return fmt::format("{}", size_of(from));
  const auto stored = [](DType dtype) { return dtype == DType::boolean ? DType::u8 : dtype; };
  return fmt::format("{}_{}", kernel_type(stored(from)), kernel_type(stored(to)));
}

}  // namespace

void encode_strided(ComputeCommands& commands, const Operand& x, const Operand& y) {
  TEMPER_ASSERT(x.shape() == y.shape());
  StridedParameters parameters{};
  parameters.count = static_cast<uint32_t>(x.elements());
  const CommonDimensions dimensions({&x.spec.layout, &y.spec.layout});
  parameters.rank = dimensions.write(parameters.extents, {parameters.x_strides, parameters.y_strides});
  const bool flat = parameters.rank <= 1 && parameters.x_strides[0] == 1 && parameters.y_strides[0] == 1;
  commands.kernel({"strided", "strided_" + strided_types(x.dtype(), y.dtype()), {{0, flat}}});
  commands.read(0, x);
  commands.write(1, y);
  commands.value(2, parameters);
  commands.dispatch_elements(x.elements());
}

}  // namespace temper::metal
