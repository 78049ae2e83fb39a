#pragma once

#include "device/metal/matrix.h"
#include "device/metal/mps_kernels.h"
#include "device/metal/stream.h"

namespace temper::metal {

/// result = alpha op(left) op(right) + beta result, for every matrix of the stacks.
struct Product {
  MatrixStack left;
  MatrixStack right;
  MatrixStack result;
  bool trans_left = false;
  bool trans_right = false;
  double alpha = 1.0;
  double beta = 0.0;
};

/// Validates and throws before anything is encoded.
void validate(std::string_view op, const Product& product);

/// How a product is cut up.
struct Pieces {
  int64_t column_tile = 0;    ///< columns of the result at a time
  int64_t row_tile = 0;       ///< rows of it
  int64_t interior_part = 0;  ///< terms of the sum at a time
};
/// What encode_product() makes of [m, k] x [k, n] with elements of so many bytes.
Pieces pieces_of(int64_t m, int64_t n, int64_t k, size_t element_bytes);

/// Encodes a product that has been validated, in as many pieces as MPS's defects ask for:
/// - matrices whose stride MPS can't express go one by one;
/// - (M + 2 K) N element bytes near 2^31 gives bands of NaN on M1 and M2: columns of the result go in tiles below 2^30,
///   and its rows in tiles as well where one column alone is larger;
/// - K >= 32767 with both result extents >= 16 reads out of bounds on M1 and M2: the sum goes in parts of 16384, added
///   up in the result (in f16 that rounds once a part).
void encode_product(OpenCommands& commands, MpsKernels& kernels, const Product& product);
/// The same in pieces of the caller's choice.
void encode_product(OpenCommands& commands, MpsKernels& kernels, const Product& product, const Pieces& pieces);

/// An extent as MPS takes it.
inline NS::UInteger extent(int64_t value) {
  return static_cast<NS::UInteger>(value);
}

/// The descriptor's view of a stack as an MPS object.
Retained<MPS::Matrix> mps_matrix(const MatrixStack& matrix);

}  // namespace temper::metal
