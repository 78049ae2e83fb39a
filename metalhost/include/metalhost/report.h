// Broken contracts are reported through one place; what happens then is the program's choice.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace metalhost {

struct Report {
  std::string rule;     // which contract: a name of rules()
  std::string object;   // whom it is about: "MTLBuffer #12 'weights'"
  std::string message;  // the message in flight: "-[MTLBuffer length]"; empty on a GPU thread
  std::string site;     // the caller's line: "client.cpp:41"
  std::string detail;   // what is wrong and how to mend it

  std::string text() const;  // all of it on one line
};

enum class OnReport {
  abort,  // print and abort: the default, as Metal's own validation layer does
  raise,  // throw ContractViolation from the call; what GPU threads and signal handlers find is thrown by the next call
  print,  // print and go on
  collect,  // keep for take_reports() and go on: for tests
};

// The environment variable METALHOST_ON_REPORT (abort, raise, print, collect) sets the initial choice.
void set_on_report(OnReport choice);
OnReport on_report();

// The reports collected so far; forgets them.
std::vector<Report> take_reports();

class ContractViolation : public std::runtime_error {
 public:
  explicit ContractViolation(Report report);
  const Report& report() const { return report_; }

 private:
  Report report_;
};

// Call sites are looked for outside metal-cpp and files named mps.hpp; programs with other bindings of their own add
// the (end of the) path of such files here.
void skip_call_sites_in(std::string path_part);

struct RuleText {
  std::string name;
  std::string_view contract;  // one sentence
};
// Every contract that is checked.
const std::vector<RuleText>& rules();

}  // namespace metalhost
