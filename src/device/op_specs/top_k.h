#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x [.., V] -> values [.., k] in x's type and indices i32 [.., k], largest first, of equals the lower index first.
/// Primitive. Faults: zeros for a row with a NaN (where MPS runs it, whatever MPS leaves).
struct TopK {
  static constexpr std::string_view name = "top_k";
  struct Attrs {
    int64_t k = 1;
  };
};

}  // namespace temper::specs
