#pragma once

#include <cstdint>
#include <vector>

#include "device/cpu/scratch.h"
#include "tensor/half.h"

// Products of bf16 matrices with sums in f32, by the instructions that machines have for them: AMX tiles or AVX-512
// BF16 (vdpbf16ps). The right operand is packed 32 columns at a time, on the fly; the left one is read where it lies.
namespace temper::cpu {

/// `portable` computes the same in plain C++; it is slower than f32 products and there for tests.
enum class Bf16Kernel { portable, avx512, amx };

/// What this machine can run, slowest first; `portable` always.
std::vector<Bf16Kernel> bf16_kernels();
/// The fastest of them.
Bf16Kernel best_bf16_kernel();
/// Whether products are better done in bf16 than widened to f32.
inline bool has_fast_bf16_products() {
  return best_bf16_kernel() != Bf16Kernel::portable;
}

/// A right operand B [k, n], stored as it is or transposed, as [n, k].
struct Bf16Right {
  const bf16_t* data = nullptr;
  int64_t stride = 0;
  bool transposed = false;
};

/// A B + A2 B2 with A [m, k], B [k, n], A2 [m, k2], B2 [k2, n]; k2 = 0: no second product. Denormals count as zero.
struct Bf16Product {
  int64_t m = 0, n = 0, k = 0;
  const bf16_t* a = nullptr;
  int64_t lda = 0;
  Bf16Right b;
  int64_t k2 = 0;
  const bf16_t* a2 = nullptr;
  int64_t lda2 = 0;
  Bf16Right b2;
};

/// A B alone.
inline Bf16Product bf16_product_of(int64_t m, int64_t n, int64_t k, const bf16_t* a, int64_t lda, const Bf16Right& b) {
  Bf16Product product;
  product.m = m;
  product.n = n;
  product.k = k;
  product.a = a;
  product.lda = lda;
  product.b = b;
  return product;
}

/// Where the product [m, n] goes: exactly one of the two pointers. `add`: onto the f32 values that are there.
struct Bf16Result {
  bf16_t* bf16 = nullptr;
  float* f32 = nullptr;
  int64_t stride = 0;
  bool add = false;
};

/// On all threads. Every sum runs over k in one order, so neither the number of threads nor the cut into slices changes
/// a bit. Uses ScratchSlot::panels and strips.
void bf16_product(Workspace& work, const Bf16Product& product, const Bf16Result& result,
                  Bf16Kernel kernel = best_bf16_kernel());
/// On the calling thread; `space` has bf16_serial_space() values for this shape or a larger one.
void bf16_product_serial(const Bf16Product& product, const Bf16Result& result, bf16_t* space,
                         Bf16Kernel kernel = best_bf16_kernel());
int64_t bf16_serial_space(int64_t m, int64_t n, int64_t k, int64_t k2 = 0);

/// x = high + low with about 16 significant bits, for f32 factors of a bf16 product: row i of x [rows, columns] goes to
/// rows i of `high` and `low`, which have the given stride.
void split_values(const float* x, int64_t rows, int64_t columns, bf16_t* high, bf16_t* low, int64_t stride);

}  // namespace temper::cpu
