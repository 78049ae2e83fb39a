// Metal source files as the subcommands take them.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "msl/compiler/compile.h"

namespace metalhost::tool {

// How sources are read: -I, -D and what goes with them.
struct SourceOptions {
  std::vector<std::string> include_folders, definitions;
  std::string metal_version = "3.1";
  bool no_house_rules = false;

  void add_to(CLI::App& command);
  msl::CompileOptions compile_options() const;
};

// Throws std::runtime_error when the file can't be read.
std::string read_source(const std::string& path);

}  // namespace metalhost::tool
