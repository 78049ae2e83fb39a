// Address spaces, checked by clang in the source as C++ for OpenCL.
#pragma once
#include <vector>

#include "msl/compiler/compile.h"

namespace metalhost::msl {

struct AddressSpaceResult {
  std::vector<Diagnostic> errors;
  std::vector<Diagnostic> unchecked;  // where this check doesn't understand the source
};

// Of a source that the host's compiler takes.
AddressSpaceResult check_address_spaces(const std::string& source, const std::string& name,
                                        const CompileOptions& options);

// Whether a message tells of two address spaces that don't go together.
bool is_about_address_spaces(const ClangMessage& message);
// device for __global, and so on.
std::string in_metal_words(std::string text);

}  // namespace metalhost::msl
