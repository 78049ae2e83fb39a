// Everything that can be said about a Metal source without running it.
#pragma once
#include "msl/compiler/compile.h"

namespace metalhost::msl {

struct LintResult {
  std::vector<Diagnostic> errors;
  std::vector<std::string> kernels;  // what the source would give
  // Places that the check of address spaces couldn't look into.
  std::vector<Diagnostic> unchecked;
};

LintResult lint(const std::string& source, const std::string& name, const CompileOptions& options = {});

}  // namespace metalhost::msl
