#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace temper::mutation {

/// A kernel file with everything that it includes, as temper's build puts it into the library.
struct FlatKernel {
  std::string name;  ///< "gemm"
  std::string text = {};
  std::set<std::string> files =
      {};  ///< relative to src/device/metal: "kernels/gemm.metal", "kernels/shared/rows.metal"
};

/// The kernels of src/device/metal. `changed` (a file relative to it, and the text that stands for it) may be empty.
std::vector<FlatKernel> flat_kernels(const std::filesystem::path& folder, const std::string& changed = {},
                                     const std::string& text = {});

}  // namespace temper::mutation
