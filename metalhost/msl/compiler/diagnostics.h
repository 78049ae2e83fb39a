// What is wrong with a Metal source, and where.
#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "msl/compiler/tokens.h"

namespace metalhost::msl {

struct Diagnostic {
  std::string file;
  int line = 0;    // 0: about no place in a file
  int column = 0;  // 0: unknown
  std::string text;

  std::string message() const;  // "file:line:column: error: text"
  auto operator<=>(const Diagnostic&) const = default;
};

// A source that is not Metal, or that the front end does not understand; what() has a line for each diagnostic.
class CompileError : public std::runtime_error {
 public:
  explicit CompileError(const std::string& text);
  explicit CompileError(std::vector<Diagnostic> diagnostics);
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

// Lines of source files as they were written: the preprocessor moves what stands behind the first token of a line.
class SourceLines {
 public:
  SourceLines(std::string name, const std::string& text);
  // The column at which the token stands in its file; that of the line's first token when it comes out of a macro.
  int column_of(const std::vector<Token>& tokens, std::size_t token);

 private:
  const std::vector<std::string>& lines_of(const std::string& file);
  std::map<std::string, std::vector<std::string>> files_;
};

// The token of the rewritten text at a place that clang names; tokens.size() when there is none.
std::size_t token_at(const std::vector<Token>& tokens, const std::string& file, int line, int column);

// One message of clang with the notes that follow it.
struct ClangMessage {
  enum class Severity { error, warning, note } severity;
  Diagnostic at;
  std::vector<ClangMessage> notes;
};
std::vector<ClangMessage> parse_clang(const std::string& said);

// The place that a message is about: in the source when it lies in `library`, where a template of it was used.
Diagnostic in_source(const ClangMessage& message, const std::string& library);

// What to do about it, for messages that don't say so themselves.
std::string with_advice(std::string text);

}  // namespace metalhost::msl
