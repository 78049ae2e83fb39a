#include "device/cpu/features.h"

namespace temper::cpu {

bool has_bf16_dot_product() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

std::string instruction_sets() {
#if defined(__x86_64__)
  if (has_bf16_dot_product()) return "AVX-512 with BF16";
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
