#include "tool/source.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace metalhost::tool {

void SourceOptions::add_to(CLI::App& command) {
  command.add_option("-I,--include", include_folders, "A folder that #include \"...\" is looked for in, too")
      ->type_name("DIR")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("-D,--define", definitions, "A macro for the preprocessor")
      ->type_name("NAME[=VALUE]")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--metal", metal_version, "The version of the Metal Shading Language")
      ->check(CLI::IsMember({"3.1", "3.2"}))
      ->capture_default_str();
  command.add_flag("--no-house-rules", no_house_rules,
                   "Take what Metal takes and our rules don't: buffer arguments without [[buffer(n)]]");
}

msl::CompileOptions SourceOptions::compile_options() const {
  msl::CompileOptions options;
  for (const std::string& folder : include_folders) {
    options.flags.push_back("-I");
    options.flags.push_back(std::filesystem::absolute(folder));
  }
  for (const std::string& definition : definitions) options.flags.push_back("-D" + definition);
  if (metal_version == "3.2") options.flags.push_back("-DMETALHOST_METAL_VERSION=320");
  options.house_rules = !no_house_rules;
  return options;
}

std::string read_source(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": " + std::strerror(errno));
  if (std::filesystem::is_directory(path)) throw std::runtime_error(path + ": is a folder, not a .metal file");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace metalhost::tool
