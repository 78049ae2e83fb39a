// metalhost lint FILE.metal...: what Metal would reject, and what the house rules don't like.
#include "msl/compiler/lint.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "tool/commands.h"
#include "tool/source.h"

namespace metalhost::tool {
namespace {

struct LintOptions {
  std::vector<std::string> files;
  SourceOptions source;
  bool as_json = false, verbose = false;
};

nlohmann::json json_of(const std::vector<msl::Diagnostic>& diagnostics) {
  auto list = nlohmann::json::array();
  for (const auto& found : diagnostics) {
    list.push_back({{"file", found.file}, {"line", found.line}, {"column", found.column}, {"text", found.text}});
  }
  return list;
}

msl::LintResult lint_file(const std::string& file, const SourceOptions& options) {
  try {
    return msl::lint(read_source(file), file, options.compile_options());
  } catch (const std::exception& error) {
    msl::LintResult failed;
    failed.errors.push_back({file, 0, 0, error.what()});
    return failed;
  }
}

int lint(const LintOptions& options) {
  std::size_t errors = 0, kernels = 0, bad_files = 0;
  for (const std::string& file : options.files) {
    const msl::LintResult result = lint_file(file, options.source);
    errors += result.errors.size();
    kernels += result.kernels.size();
    bad_files += !result.errors.empty();
    if (options.as_json) {
      const nlohmann::json line = {{"file", file},
                                   {"errors", json_of(result.errors)},
                                   {"kernels", result.kernels},
                                   {"address_spaces_unchecked", json_of(result.unchecked)}};
      fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      continue;
    }
    for (const auto& found : result.errors) fmt::print("{}\n", found.message());
    if (!options.verbose) continue;
    for (const auto& place : result.unchecked) {
      fmt::print("{}:{}:{}: note: address spaces are not checked here: {}\n", place.file, place.line, place.column,
                 place.text);
    }
  }
  if (!options.as_json) {
    fmt::print("{} in {}, {}, {} with errors\n", errors == 1 ? "1 error" : fmt::format("{} errors", errors),
               options.files.size() == 1 ? "1 file" : fmt::format("{} files", options.files.size()),
               kernels == 1 ? "1 kernel" : fmt::format("{} kernels", kernels), bad_files);
  }
  return errors == 0 ? kGood : kFound;
}

}  // namespace

void add_lint(CLI::App& app, int& status) {
  auto options = std::make_shared<LintOptions>();
  CLI::App* command = app.add_subcommand("lint", "Report what Metal or the house rules reject");
  command->add_option("FILE", options->files, "Metal source files")->required();
  options->source.add_to(*command);
  command->add_flag("--json", options->as_json, "A line of JSON for each file");
  command->add_flag("-v,--verbose", options->verbose, "Show places whose address spaces can't be checked");
  command->callback([options, &status] { status = lint(*options); });
}

}  // namespace metalhost::tool
