#pragma once

#include "device/metal/matrix.h"
#include "device/metal/mps_kernels.h"
#include "device/metal/stream.h"

// MPS's kernels beside the products, over validated matrices. None of them works in place.
namespace temper::metal {

/// to = from, or its transpose.
void encode_matrix_copy(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                        bool transpose);
/// Row by row: softmax or its logarithm.
void encode_softmax(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                    bool logarithm);
/// dx = y (dy - sum(dy y)), row by row.
void encode_softmax_gradient(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& dy, const MatrixStack& y,
                             const MatrixStack& dx);
/// to = (from + offset)^exponent, element by element.
void encode_power(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                  float offset, float exponent);
/// The k <= 16 largest of each row, largest first: values [rows, k], indices i32 [rows, k].
void encode_top_k(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& values,
                  const Operand& indices, int64_t k);

}  // namespace temper::metal
