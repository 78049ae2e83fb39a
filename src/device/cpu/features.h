#pragma once

#include <string>

namespace temper::cpu {

/// AVX-512-BF16 or AMX: bf16 products run faster than f32 ones.
bool has_bf16_dot_product();
/// The widest vector instructions in use: "AVX-512 with BF16 and AMX", "AVX2", "NEON".
std::string instruction_sets();

}  // namespace temper::cpu
