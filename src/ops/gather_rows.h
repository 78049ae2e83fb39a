#pragma once

#include "device/context.h"

namespace temper {

/// Rows by number: x [R, ...] of any type, ids i32 [N] -> [N, ...]; differentiable in x. An id outside [0, R) is
/// Error{numeric}, thrown by the next read.
Tensor gather_rows(Context& ctx, const Tensor& x, const Tensor& ids);

/// The adjoint: x [N, ...] floating, ids i32 [N] -> [rows, ...], rows with one id added in their order (f32 sums, one
/// rounding), rows nobody names zero. Differentiable in x. Errors as gather_rows.
Tensor scatter_add_rows(Context& ctx, const Tensor& x, const Tensor& ids, int64_t rows);

}  // namespace temper
