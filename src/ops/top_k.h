#pragma once

#include "device/context.h"

namespace temper {

struct TopK {
  Tensor values;   ///< [.., k] in x's type
  Tensor indices;  ///< [.., k] i32
};

/// The k largest values of each row of x [.., V], largest first, of equals the lower index first. No gradient. NaN in x
/// is Error{numeric}, thrown by the next read. Errors: k outside [0, V].
TopK top_k(Context& ctx, const Tensor& x, int64_t k);

}  // namespace temper
