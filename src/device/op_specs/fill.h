#pragma once

#include <string_view>

#include "temper/dtype.h"
#include "temper/shape.h"

namespace temper::specs {

/// -> a tensor of one repeated value. Primitive.
struct Fill {
  static constexpr std::string_view name = "fill";
  struct Attrs {
    DType dtype = DType::f32;
    Shape shape = {};
    double value = 0.0;
  };
};

}  // namespace temper::specs
