#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace temper::testing {

/// Seconds of a clock that only goes forward.
double now_s();

struct ProgramOptions {
  std::string input = {};  ///< standard input, which ends after it
  double timeout_s = 60;   ///< then the program is killed and the test fails
  std::map<std::string, std::string> environment = {};
  std::string folder = {};                    ///< working folder
  std::optional<size_t> max_file_bytes = {};  ///< writes beyond fail, as on a full disk
  std::string stdout_file = {};               ///< instead of a pipe
  bool keep_input_open = false;
};

struct Outcome {
  int code = -1;  ///< exit status; -1 when a signal ended the program
  int signal = 0;
  std::string out, err;

  /// Standard output must be JSON lines and nothing else; a failed test when it isn't.
  std::vector<OrderedJson> json_lines() const;
  OrderedJson last_json() const;
};

/// The program temper as a child process with pipes.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, const ProgramOptions& options = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads until standard output and error together satisfy `condition`. False: the program ended or time ran out.
  bool wait_until(const std::function<bool(const Outcome&)>& condition);
  bool wait_for_output(const std::string& text);
  bool wait_for_error(const std::string& text);
  void send(int signal_number);
  /// Reads to the end and reaps the program.
  Outcome wait();

 private:
  bool read_some(double seconds);
  void finish(int status);

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  double deadline_ = 0;
  size_t written_ = 0;
  ProgramOptions options_;
  std::string shown_;
  Outcome outcome_;
};

/// Runs the program to its end.
Outcome run_program(const std::vector<std::string>& arguments, const ProgramOptions& options = {});

/// Path of the program under test.
std::string program_path();

}  // namespace temper::testing
