#pragma once

#include <string_view>

#include "device/prepared_weight.h"

namespace temper::specs {

/// ids i32 [N] -> the rows of a frozen table [V, D] that they name, [N, D]. No gradient. Primitive.
/// Faults: an id outside of the table gives a row of zeros.
struct Embedding {
  static constexpr std::string_view name = "embedding";
  struct Attrs {
    WeightHandle table = nullptr;
    DType dtype = DType::f32;
  };
};

}  // namespace temper::specs
