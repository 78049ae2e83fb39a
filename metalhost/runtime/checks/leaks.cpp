#include "runtime/checks/leaks.h"

#include <metalhost/runtime.h>

#include <cstdio>
#include <cstdlib>

#include "runtime/checks/report.h"
#include "runtime/checks/symbolize.h"
#include "runtime/objc/memory.h"
#include "runtime/settings.h"

namespace metalhost {
namespace {

void check_at_exit() {
  if (!settings().leak_check_at_exit) return;
  drain_queues();
  // A leak can't be thrown or collected any more: it is printed, and the program fails.
  auto leaks = live_objects();
  if (leaks.empty()) return;
  set_on_report(OnReport::print);
  for (const LiveObject& leak : leaks) {
    report_from_outside(
        Rule::leak, leak.description,
        "alive at exit with " + std::to_string(leak.references) + " references; created at the place named", leak.born);
  }
  std::fflush(nullptr);
  std::_Exit(1);
}

}  // namespace

std::vector<Leak> find_leaks() {
  drain_queues();
  std::vector<Leak> leaks;
  for (const LiveObject& object : live_objects()) {
    leaks.push_back({object.description, object.references, symbolize(object.born)});
  }
  return leaks;
}

void install_leak_check() {
  std::atexit(check_at_exit);
}

}  // namespace metalhost
