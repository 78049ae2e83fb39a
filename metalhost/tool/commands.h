// The subcommands: each adds its options to the program and says what its callback will answer.
#pragma once
#include <CLI/CLI.hpp>

namespace metalhost::tool {

// What the program ends with.
inline constexpr int kGood = 0, kFound = 1, kUsage = 2;

void add_lint(CLI::App& app, int& status);
void add_list(CLI::App& app, int& status);
void add_run(CLI::App& app, int& status);
void add_bench(CLI::App& app, int& status);

}  // namespace metalhost::tool
