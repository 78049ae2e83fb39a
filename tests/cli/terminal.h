#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace temper::testing {

/// The program at a terminal of its own (a pseudo terminal), as a person sees it.
class Terminal {
 public:
  Terminal(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Presses keys: "\x03" is Ctrl-C, "\x04" Ctrl-D, "\x1b[A" the arrow up, "\r" Enter.
  void type(const std::string& keys);
  /// Waits until `text` appears after what earlier calls have seen. False: the program ended, or half a minute passed.
  bool see(const std::string& text);
  /// Exit status; -1 when a signal ended the program or it didn't end.
  int wait();
  /// All that was shown.
  const std::string& screen() const { return shown_; }

 private:
  bool read_some();

  pid_t pid_ = -1;
  int terminal_ = -1;
  double deadline_ = 0;
  std::string shown_;
  size_t seen_ = 0;
};

}  // namespace temper::testing
