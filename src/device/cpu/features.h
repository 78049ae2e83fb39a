#pragma once

#include <string>

namespace temper::cpu {

/// The widest vector instructions in use: "AVX-512 with BF16 and AMX", "AVX2", "NEON".
std::string instruction_sets();

}  // namespace temper::cpu
