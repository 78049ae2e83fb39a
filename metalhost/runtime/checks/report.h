// The one place that reports go through.
#pragma once
#include <metalhost/report.h>

#include <string>

#include "runtime/checks/rules.h"
#include "runtime/objc/object.h"

namespace metalhost {

// A broken contract, about `object` (may be nil, dead or a class). Returns when the choice is to go on.
void report(Rule rule, const Object* object, std::string detail);
// The same where no exception may pass: GPU threads, signal handlers, destructors.
void report_from_outside(Rule rule, std::string object, std::string detail, CallSite site);

// A place in a kernel: "program_source:12".
void report_from_outside(Rule rule, std::string object, std::string detail, std::string site);

// What a signal handler finds, in a form that needs no memory.
struct SignalReport {
  Rule rule;
  char object[96];
  char detail[256];
  CallSite site;
};
// Prints at once, or keeps the report for the next message or take_reports().
void report_from_signal(const SignalReport& found);

// While one lives, this thread's reports are not thrown but kept for the next message: destructors run underneath.
class DeferReports {
 public:
  DeferReports();
  ~DeferReports();
  DeferReports(const DeferReports&) = delete;
  DeferReports& operator=(const DeferReports&) = delete;
};

bool has_deferred_report();
void raise_deferred_report();

// "MTLBuffer #12 'weights'"; "class MPSMatrix"; "nil".
std::string describe(const Object* object);
// "-[MTLBuffer length]": the message that the current thread is handling.
std::string current_message();

}  // namespace metalhost
