// C = alpha op(A) op(B) + beta C, as GPU threads compute it.
#pragma once
#include "runtime/mps/element.h"

namespace metalhost::mps {

struct Product {
  Elements left;    // op(A) is [rows, inner]
  Elements right;   // op(B) is [inner, columns]
  Elements result;  // [rows, columns]
  bool transpose_left = false;
  bool transpose_right = false;
  uint64_t rows = 0;
  uint64_t columns = 0;
  uint64_t inner = 0;
  float alpha = 1;
  float beta = 0;  // 0: the result is not read
};

// Sums in float, over k in ascending order; the same result on any number of threads.
void compute(const Product& product);

}  // namespace metalhost::mps
