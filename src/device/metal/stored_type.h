#pragma once

#include "base/fail.h"
#include "temper/dtype.h"

namespace temper::metal {

/// The function constant by which kernels know how something is stored (shared/stored.metal, shared/weights.metal).
inline int32_t stored_type(QuantType type) {
  switch (type) {
    case QuantType::f32:
      return 0;
    case QuantType::f16:
      return 1;
    case QuantType::bf16:
      return 2;
    case QuantType::q4_0:
      return 3;
    case QuantType::q4_1:
      return 4;
    case QuantType::q5_0:
      return 5;
    case QuantType::q5_1:
      return 6;
    case QuantType::q8_0:
      return 7;
    case QuantType::q2_k:
      return 8;
    case QuantType::q3_k:
      return 9;
    case QuantType::q4_k:
      return 10;
    case QuantType::q5_k:
      return 11;
    case QuantType::q6_k:
      return 12;
  }
  fail(ErrorCode::internal, "metal: kernels know no weight of type {}", static_cast<int>(type));
}

inline int32_t stored_type(DType dtype) {
  TEMPER_ASSERT(dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16);
  return stored_type(dtype == DType::f32 ? QuantType::f32 : dtype == DType::f16 ? QuantType::f16 : QuantType::bf16);
}

}  // namespace temper::metal
