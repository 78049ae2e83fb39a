// Metal Shading Language to C++, token by token: address spaces, attributes, literals, threadgroup variables and
// function constants, and the table by which kernels are bound. What it does not understand is an error.
#pragma once
#include <string>
#include <vector>

#include "msl/compiler/diagnostics.h"
#include "msl/compiler/token_text.h"

namespace metalhost::msl {

struct RewriteOptions {
  // Into C++ for OpenCL, whose compiler checks address spaces; else into C++ for the host.
  bool for_address_spaces = false;
  bool house_rules = true;
};

struct Rewritten {
  std::vector<Token> tokens;
  std::string tables;  // behind the tokens
  std::vector<Complaint> complaints;
  std::vector<std::string> kernels;  // names that the host knows

  std::string text() const;  // with line markers
};

// `preprocessed` is the output of clang -E, with line markers.
Rewritten rewrite(const std::string& preprocessed, const RewriteOptions& options);

std::vector<Diagnostic> complaints_in_source(const Rewritten& rewritten, SourceLines& lines);

}  // namespace metalhost::msl
