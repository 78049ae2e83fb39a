// Metal Shading Language to C++, token by token: address spaces, attributes, literals, threadgroup variables and
// function constants, and the table by which kernels are bound. What it does not understand is an error.
#pragma once
#include <string>
#include <vector>

namespace metalhost::msl {

// `preprocessed` is the output of clang -E, with line markers; so is the result, which includes metalhost's own
// declarations of the standard library. Throws CompileError.
std::string rewrite_for_host(const std::string& preprocessed);

}  // namespace metalhost::msl
