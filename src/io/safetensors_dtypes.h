#pragma once

#include <string_view>

#include "base/fail.h"
#include "temper/dtype.h"

namespace temper::io {

struct SafetensorsDType {
  DType dtype;
  std::string_view name;
};
constexpr SafetensorsDType kSafetensorsDTypes[] = {
    {DType::f32, "F32"}, {DType::f16, "F16"}, {DType::bf16, "BF16"}, {DType::f64, "F64"},
    {DType::i32, "I32"}, {DType::i64, "I64"}, {DType::u8, "U8"},     {DType::boolean, "BOOL"},
};

inline std::string_view safetensors_name_of(DType dtype) {
  for (const SafetensorsDType& entry : kSafetensorsDTypes)
    if (entry.dtype == dtype) return entry.name;
  fail(ErrorCode::internal, "safetensors: dtype {} has no name", static_cast<int>(dtype));
}

}  // namespace temper::io
