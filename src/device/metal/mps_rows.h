#pragma once

#include <initializer_list>

#include "device/metal/matrix.h"
#include "device/metal/mps_kernels.h"
#include "device/metal/stream.h"

// MPS's kernels beside the products, over matrices that validate_rows() or validate_top_k() has seen. None of them
// works in place.
namespace temper::metal {

/// The most that MPSMatrixFindTopK finds; its header calls more undefined.
inline constexpr int64_t kLargestTopK = 16;

/// to = from, or its transpose.
void encode_matrix_copy(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                        bool transpose);
/// Row by row: softmax or its logarithm.
void encode_softmax(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                    bool logarithm);
/// dx = y (dy - sum(dy y)), row by row.
void encode_softmax_gradient(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& dy, const MatrixStack& y,
                             const MatrixStack& dx);
/// The k <= 16 largest of each row, largest first: values [rows, k], indices i32 [rows, k].
void encode_top_k(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& values,
                  const MatrixStack& indices, int64_t k);

/// Refuses, before anything is encoded, what these kernels can't take: a source or a result that validate() refuses,
/// results of another type or shape than the sources', or in their memory. Throws Error.
void validate_rows(std::string_view op, std::initializer_list<const MatrixStack*> sources, const MatrixStack& result);
/// The same of encode_top_k, and a k that isn't in 1..16 or is more than the columns.
void validate_top_k(std::string_view op, const MatrixStack& from, const MatrixStack& values, const MatrixStack& indices,
                    int64_t k);

}  // namespace temper::metal
