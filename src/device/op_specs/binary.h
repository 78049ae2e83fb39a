#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// a, b -> a OP b with numpy broadcasting; both of one floating type, or i32. Primitive.
struct Binary {
  static constexpr std::string_view name = "binary";
  enum class Kind : uint8_t { add, sub, mul, div, maximum };
  struct Attrs {
    Kind kind = Kind::add;
  };
};

}  // namespace temper::specs
