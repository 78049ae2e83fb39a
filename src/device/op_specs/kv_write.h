#pragma once

#include <string_view>

namespace temper::specs {

/// cache [R, KV, D] (state), rows [N, KV, D], at i32 [N]: cache row at[n] becomes rows[n]. Primitive, in place.
/// Faults: a row outside of the cache is left out.
struct KvWrite {
  static constexpr std::string_view name = "kv_write_";
  struct Attrs {};
};

}  // namespace temper::specs
