#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace temper::cli {

/// Lines from the person at the terminal, with editing and a history kept in a file (libedit); from standard input as
/// it comes when there is no terminal.
class LineEditor {
 public:
  enum class Result { line, end, interrupted };

  /// An empty `history` keeps none. A history that can't be read or written is done without.
  LineEditor(std::filesystem::path history, bool terminal);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// `line` gets the text without its newline. `interrupted`: a signal came instead.
  Result read(const std::string& prompt, std::string& line);
  void remember(const std::string& line);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace temper::cli
