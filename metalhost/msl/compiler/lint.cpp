#include "msl/compiler/lint.h"

#include <algorithm>
#include <tuple>

#include "msl/compiler/address_spaces.h"
#include "msl/compiler/clang.h"

namespace metalhost::msl {
namespace {

// Templates are instantiated and everything is judged, but no code is made.
std::vector<Diagnostic> clang_errors(const Rewritten& rewritten, SourceLines& lines) {
  const std::filesystem::path written = temporary_path("lint.cpp");
  write_file(written, rewritten.text());
  std::vector<std::string> arguments = code_flags();
  const std::string header = precompiled_library(arguments);
  for (const std::string& more :
       {std::string("-fsyntax-only"), std::string("-ferror-limit=0"), std::string("-include-pch"), header,
        std::string("-x"), std::string("c++"), written.string()}) {
    arguments.push_back(more);
  }
  std::string said;
  const bool good = run_clang(arguments, cache_folder(), said);
  std::filesystem::remove(written);
  std::vector<Diagnostic> errors = errors_of(said, rewritten, lines);
  if (errors.empty() && !good) throw CompileError(said);
  return errors;
}

}  // namespace

LintResult lint(const std::string& source, const std::string& name, const CompileOptions& options) {
  LintResult result;
  try {
    const Rewritten rewritten = rewrite_source(source, name, options);
    result.kernels = rewritten.kernels;
    SourceLines lines(name, source);
    result.errors = clang_errors(rewritten, lines);
    AddressSpaceResult spaces = check_address_spaces(source, name, options);
    result.unchecked = std::move(spaces.unchecked);
    for (Diagnostic& found : spaces.errors) {
      const bool is_known = std::any_of(result.errors.begin(), result.errors.end(), [&](const Diagnostic& other) {
        return other.file == found.file && other.line == found.line;
      });
      if (!is_known) result.errors.push_back(std::move(found));
    }
  } catch (const CompileError& failure) {
    result.errors = failure.diagnostics();
  }
  std::sort(result.errors.begin(), result.errors.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.file, a.line, a.column, a.text) < std::tie(b.file, b.line, b.column, b.text);
  });
  return result;
}

}  // namespace metalhost::msl
