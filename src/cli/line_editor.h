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

  /// An empty `history` keeps none. A history that can't be read or written is done without. `interrupts`: the reading
  /// end of a pipe; at a terminal, a byte in it ends `read`, whether it comes before, in or after the wait for a key.
  LineEditor(std::filesystem::path history, bool terminal, int interrupts);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// `line` gets the text without its newline. `interrupted`: Ctrl-C came instead.
  Result read(const std::string& prompt, std::string& line);
  void remember(const std::string& line);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace temper::cli
