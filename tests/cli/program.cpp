#include "cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace temper::testing {
double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace {

void close_once(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

struct Pipe {
  int read_end, write_end;

  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    read_end = ends[0];
    write_end = ends[1];
  }
};

[[noreturn]] void become_program(const std::vector<std::string>& arguments, const ProgramOptions& options, int in,
                                 int out, int err) {
  if (!options.stdout_file.empty()) out = ::open(options.stdout_file.c_str(), O_WRONLY | O_CREAT, 0644);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) std::_Exit(126);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (options.max_file_bytes) {
    const rlimit limit = {*options.max_file_bytes, *options.max_file_bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  std::vector<std::string> words = {program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(pointers[0], pointers.data());
  std::_Exit(127);
}

/// Appends what is there to read; false at the end.
bool drain(int& descriptor, std::string& text) {
  char chunk[1 << 14];
  const ssize_t n = ::read(descriptor, chunk, sizeof chunk);
  if (n > 0) text.append(chunk, static_cast<size_t>(n));
  if (n > 0 || (n < 0 && errno == EINTR)) return true;
  close_once(descriptor);
  return false;
}

}  // namespace

std::string program_path() {
  const char* chosen = std::getenv("TEMPER_PROGRAM");
  return chosen && *chosen ? chosen : TEMPER_PROGRAM_PATH;
}

std::vector<OrderedJson> Outcome::json_lines() const {
  std::vector<OrderedJson> lines;
  for (size_t begin = 0; begin < out.size();) {
    const size_t end = std::min(out.find('\n', begin), out.size());
    const std::string line = out.substr(begin, end - begin);
    begin = end + 1;
    lines.push_back(OrderedJson::parse(line, nullptr, false));
    EXPECT_FALSE(lines.back().is_discarded()) << "not JSON on standard output: " << line;
  }
  EXPECT_TRUE(out.empty() || out.back() == '\n');
  return lines;
}

OrderedJson Outcome::last_json() const {
  const std::vector<OrderedJson> lines = json_lines();
  EXPECT_FALSE(lines.empty()) << "nothing on standard output; standard error:\n" << err;
  return lines.empty() ? OrderedJson::object() : lines.back();
}

Program::Program(const std::vector<std::string>& arguments, const ProgramOptions& options) : options_(options) {
  ::signal(SIGPIPE, SIG_IGN);  // a program that doesn't read its input
  deadline_ = now_s() + options.timeout_s;
  for (const std::string& argument : arguments) shown_ += " " + argument;
  Pipe in, out, err;
  pid_ = ::fork();
  if (pid_ == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_DFL);  // ignored when the tests run in the background of a script
    become_program(arguments, options, in.read_end, out.write_end, err.write_end);
  }
  ::close(in.read_end);
  ::close(out.write_end);
  ::close(err.write_end);
  in_ = in.write_end;
  out_ = out.read_end;
  err_ = err.read_end;
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  close_once(in_);
  close_once(out_);
  close_once(err_);
}

/// Moves bytes through the pipes; false when both outputs are at their end, or after the deadline.
bool Program::read_some(double seconds) {
  if (in_ >= 0 && written_ == options_.input.size() && !options_.keep_input_open) close_once(in_);
  pollfd waits[3];
  nfds_t count = 0;
  if (out_ >= 0) waits[count++] = {out_, POLLIN, 0};
  if (err_ >= 0) waits[count++] = {err_, POLLIN, 0};
  if (count == 0 || now_s() > deadline_) return false;
  if (in_ >= 0 && written_ < options_.input.size()) waits[count++] = {in_, POLLOUT, 0};
  if (::poll(waits, count, static_cast<int>(seconds * 1000)) <= 0) return true;
  for (nfds_t i = 0; i < count; ++i) {
    if (waits[i].revents == 0) continue;
    if (waits[i].fd == out_) {
      drain(out_, outcome_.out);
    } else if (waits[i].fd == err_) {
      drain(err_, outcome_.err);
    } else {
      const ssize_t n = ::write(in_, options_.input.data() + written_, options_.input.size() - written_);
      if (n > 0) written_ += static_cast<size_t>(n);
      if (n < 0 && errno == EPIPE) written_ = options_.input.size();
    }
  }
  return true;
}

bool Program::wait_until(const std::function<bool(const Outcome&)>& condition) {
  while (!condition(outcome_))
    if (!read_some(0.05)) return condition(outcome_);
  return true;
}

bool Program::wait_for_output(const std::string& text) {
  return wait_until([&](const Outcome& o) { return o.out.find(text) != std::string::npos; });
}

bool Program::wait_for_error(const std::string& text) {
  return wait_until([&](const Outcome& o) { return o.err.find(text) != std::string::npos; });
}

void Program::send(int signal_number) {
  ::kill(pid_, signal_number);
}

Outcome Program::wait() {
  while (read_some(0.05)) {
  }
  if (now_s() > deadline_) {
    ::kill(pid_, SIGKILL);
    ADD_FAILURE() << "temper" << shown_ << ": no end after " << options_.timeout_s << " s; standard error:\n"
                  << outcome_.err;
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status)) outcome_.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
  return outcome_;
}

Outcome run_program(const std::vector<std::string>& arguments, const ProgramOptions& options) {
  return Program(arguments, options).wait();
}

}  // namespace temper::testing
