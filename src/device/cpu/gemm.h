#pragma once

#include <cstdint>

#include "base/thread_pool.h"

namespace temper::cpu {

/// C = alpha op(A) op(B) + beta C on row-major matrices: op(A) [m, k], op(B) [k, n], C [m, n]; `lda` etc. are the row
/// strides as stored. beta 0 ignores what C holds.
struct Gemm {
  bool trans_a = false, trans_b = false;
  int64_t m = 0, n = 0, k = 0;
  float alpha = 1.0f, beta = 0.0f;
  int64_t lda = 0, ldb = 0, ldc = 0;
};

/// On the calling thread.
void gemm_serial(const Gemm& g, const float* a, const float* b, float* c);
/// On all threads of the pool, in slices of M or N whose boundaries depend on the shape only; K is never split, so the
/// result doesn't depend on the number of threads.
void gemm(ThreadPool& pool, const Gemm& g, const float* a, const float* b, float* c);

}  // namespace temper::cpu
