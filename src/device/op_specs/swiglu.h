#pragma once

#include <string_view>

namespace temper::specs {

/// gate, up of one shape -> silu(gate) up. Shazeer 2020, "GLU variants improve transformer", eq. 5.
struct Swiglu {
  static constexpr std::string_view name = "swiglu";
  struct Attrs {};
};

/// dy, gate, up -> dgate if wanted, then dup if wanted.
struct SwigluBackward {
  static constexpr std::string_view name = "swiglu_backward";
  struct Attrs {
    bool want_gate = true;
    bool want_up = true;
  };
};

}  // namespace temper::specs
