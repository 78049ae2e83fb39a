#include "cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "cli/program.h"

namespace temper::testing {
namespace {

constexpr double kPatience_s = 30;

[[noreturn]] void become_program(const std::vector<std::string>& arguments,
                                 const std::map<std::string, std::string>& environment, const char* terminal) {
  ::setsid();
  const int side = ::open(terminal, O_RDWR);
  ::ioctl(side, TIOCSCTTY, 0);  // Ctrl-C must reach the program as a signal
  const winsize size = {.ws_row = 24, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(side, TIOCSWINSZ, &size);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(side, descriptor);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = {program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(pointers[0], pointers.data());
  std::_Exit(127);
}

}  // namespace

Terminal::Terminal(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
  terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal_ < 0 || ::grantpt(terminal_) != 0 || ::unlockpt(terminal_) != 0)
    throw std::runtime_error("no pseudo terminal");
  const std::string name = ::ptsname(terminal_);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::signal(SIGINT, SIG_DFL);  // ignored when the tests run in the background of a script
    become_program(arguments, environment, name.c_str());
  }
  deadline_ = now_s() + kPatience_s;
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  ::close(terminal_);
}

void Terminal::type(const std::string& keys) {
  if (::write(terminal_, keys.data(), keys.size()) < 0) shown_ += "(the terminal takes no keys)";
}

bool Terminal::read_some() {
  pollfd wait = {terminal_, POLLIN, 0};
  if (now_s() > deadline_) return false;
  if (::poll(&wait, 1, 50) <= 0) return true;
  char chunk[4096];
  const ssize_t n = ::read(terminal_, chunk, sizeof chunk);
  if (n > 0) shown_.append(chunk, static_cast<size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);  // EIO: the program's side is closed
}

bool Terminal::see(const std::string& text) {
  for (;;) {
    if (const size_t at = shown_.find(text, seen_); at != std::string::npos) {
      seen_ = at + text.size();
      return true;
    }
    if (!read_some()) return false;
  }
}

int Terminal::wait() {
  while (read_some()) {
  }
  int status = 0;
  if (now_s() > deadline_) ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace temper::testing
