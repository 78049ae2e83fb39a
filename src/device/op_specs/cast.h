#pragma once

#include <string_view>

#include "temper/dtype.h"

namespace temper::specs {

/// x -> x in another type, rounded to nearest even; integers convert exactly or truncate. Primitive.
struct Cast {
  static constexpr std::string_view name = "cast";
  struct Attrs {
    DType to = DType::f32;
  };
};

}  // namespace temper::specs
