#pragma once

#include <string_view>

#include "device/prepared_weight.h"

namespace temper::specs {

/// x [.., in] -> y = x W^T [.., out] with a frozen weight W [out, in]; transposed: x [.., out] -> y = x W [.., in].
/// y has x's type; f16 and bf16 accumulate in f32.
struct Linear {
  static constexpr std::string_view name = "linear";
  struct Attrs {
    WeightHandle weight = nullptr;
    bool transposed = false;
  };
};

}  // namespace temper::specs
