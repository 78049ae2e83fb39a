#pragma once

#include <string_view>

namespace temper::specs {

/// Up to 32 tensors of one type that differ only in the extent of one dimension -> one after the other along it.
/// Primitive.
struct Concat {
  static constexpr std::string_view name = "concat";
  struct Attrs {
    int dimension = 0;
  };
};

}  // namespace temper::specs
