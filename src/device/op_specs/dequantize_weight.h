#pragma once

#include <string_view>

#include "device/prepared_weight.h"

namespace temper::specs {

/// -> the values of a frozen weight, [rows, columns] in a floating type. Primitive.
struct DequantizeWeight {
  static constexpr std::string_view name = "dequantize_weight";
  struct Attrs {
    WeightHandle weight = nullptr;
    DType dtype = DType::f32;
  };
};

}  // namespace temper::specs
