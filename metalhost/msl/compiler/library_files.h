// The text of msl/include, which CMake puts into the program: kernels can be compiled wherever the program is.
#pragma once
#include <string_view>
#include <vector>

namespace metalhost::msl {

struct LibraryFile {
  std::string_view name;  // "compile/types.h"
  std::string_view text;
};
const std::vector<LibraryFile>& library_files();

}  // namespace metalhost::msl
