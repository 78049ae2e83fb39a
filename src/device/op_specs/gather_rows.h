#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x [R, ...] of any type, ids i32 [N] -> y [N, ...] with y[n] = x[ids[n]]. Primitive.
/// Faults: an id outside of x gives zeros.
struct GatherRows {
  static constexpr std::string_view name = "gather_rows";
  struct Attrs {};
};

/// x [N, ...], ids i32 [N] -> y [rows, ...] with y[r] = sum of x[n] over ids[n] = r, added in the order of n in f32
/// (f64 for f64) and rounded once. Primitive. Faults: what goes outside of y is left out.
struct ScatterAddRows {
  static constexpr std::string_view name = "scatter_add_rows";
  struct Attrs {
    int64_t rows = 0;
  };
};

}  // namespace temper::specs
