#include "device/cpu/features.h"

#include "device/cpu/bf16_product.h"

namespace temper::cpu {

std::string instruction_sets() {
#if defined(__x86_64__)
  if (best_bf16_kernel() == Bf16Kernel::amx) return "AVX-512 with BF16 and AMX";
  if (best_bf16_kernel() == Bf16Kernel::avx512) return "AVX-512 with BF16";
  if (__builtin_cpu_supports("avx512f")) return "AVX-512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
  return "SSE2";
#elif defined(__aarch64__)
  return "NEON";
#else
  return "portable";
#endif
}

}  // namespace temper::cpu
