#pragma once

#include <string_view>

namespace temper::specs {

/// x (any layout) -> y contiguous, same elements. Primitive.
struct Copy {
  static constexpr std::string_view name = "copy";
  struct Attrs {};
};

}  // namespace temper::specs
