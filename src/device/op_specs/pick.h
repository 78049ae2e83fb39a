#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x [N, V], ids i32 [N] -> y [N] with y[n] = x[n, ids[n]], and 0 where ids[n] is negative. Primitive.
/// Faults: 0 for an id of V or more.
struct Pick {
  static constexpr std::string_view name = "pick";
  struct Attrs {};
};

/// dy [N], ids i32 [N] -> dx [N, columns]: dy[n] at ids[n], zeros elsewhere. Primitive. Faults: an id of
/// `columns` or more is left out.
struct PickBackward {
  static constexpr std::string_view name = "pick_backward";
  struct Attrs {
    int64_t columns = 0;
  };
};

}  // namespace temper::specs
