#include "mutation/kernel_folder.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace temper::mutation {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Flattener {
  const std::filesystem::path& folder;
  const std::string& changed;
  const std::string& changed_text;
  FlatKernel& kernel;

  void append(const std::string& file) {
    if (!kernel.files.insert(file).second) return;
    const std::string name = std::filesystem::path(file).filename();
    kernel.text += "#line 1 \"" + name + "\"\n";
    std::istringstream lines(file == changed ? changed_text : contents(folder / file));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      constexpr std::string_view kInclude = "#include \"";
      if (!line.starts_with(kInclude)) {
        kernel.text += line + "\n";
        continue;
      }
      append(line.substr(kInclude.size(), line.rfind('"') - kInclude.size()));
      kernel.text += "#line " + std::to_string(number + 1) + " \"" + name + "\"\n";
    }
  }
};

}  // namespace

std::vector<FlatKernel> flat_kernels(const std::filesystem::path& folder, const std::string& changed,
                                     const std::string& text) {
  std::vector<FlatKernel> kernels;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "kernels")) {
    if (entry.path().extension() != ".metal") continue;
    kernels.push_back({.name = entry.path().stem()});
    Flattener{folder, changed, text, kernels.back()}.append("kernels/" + entry.path().filename().string());
  }
  std::ranges::sort(kernels, {}, &FlatKernel::name);
  return kernels;
}

}  // namespace temper::mutation
