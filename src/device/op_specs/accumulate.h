#pragma once

#include <string_view>

namespace temper::specs {

/// State sum f32 [...], x f32, f16 or bf16 [...] -> sum += x. In place, primitive.
struct Accumulate {
  static constexpr std::string_view name = "accumulate_";
  struct Attrs {};
};

/// A state of any type -> all zeros. In place, primitive.
struct Zero {
  static constexpr std::string_view name = "zero_";
  struct Attrs {};
};

}  // namespace temper::specs
