// Signposts, as entries of the event log. Open intervals are remembered, so that one that is ended but never begun, or
// begun twice, is reported.
#include <os/signpost.h>

#include <fmt/format.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"

struct os_log_s {
  std::string name;  // "subsystem/category"
};

namespace metalhost {
namespace {

using Interval = std::tuple<os_log_t, os_signpost_id_t, std::string>;

struct OpenIntervals {
  std::mutex mutex;
  std::set<Interval> all;
};
OpenIntervals& open_intervals() {
  static OpenIntervals* instance = new OpenIntervals;
  return *instance;
}

// Formats of the unified log carry privacy in braces: "%{public}s" is "%s" with that.
std::string without_privacy(const char* format) {
  std::string plain;
  for (const char* at = format; *at; ++at) {
    plain += *at;
    if (at[0] == '%' && at[1] == '{') {
      while (at[1] && at[1] != '}') ++at;
      if (at[1]) ++at;
    }
  }
  return plain;
}

std::string formatted(const char* format, va_list arguments) {
  const std::string plain = without_privacy(format);
  char text[1024];
  std::vsnprintf(text, sizeof text, plain.c_str(), arguments);
  return text;
}

void check_pairing(os_log_t log, os_signpost_id_t id, bool begins, const char* name, CallSite site) {
  bool wrong = false;
  {
    std::lock_guard lock(open_intervals().mutex);
    const Interval interval{log, id, name};
    wrong = begins ? !open_intervals().all.insert(interval).second : open_intervals().all.erase(interval) == 0;
  }
  if (wrong)
    report_from_outside(Rule::signposts, fmt::format("signpost '{}' {}", name, id),
                        begins ? "begun while it is open: every interval under way needs an id of its own"
                               : "ended, but not begun with this log, id and name",
                        site);
}

}  // namespace
}  // namespace metalhost

extern "C" {

os_log_t os_log_create(const char* subsystem, const char* category) {
  // One a name, as on Apple systems, for as long as the program runs.
  static std::mutex mutex;
  static auto* logs = new std::map<std::string, os_log_s>;
  std::lock_guard lock(mutex);
  const std::string name = fmt::format("{}/{}", subsystem, category);
  return &logs->try_emplace(name, os_log_s{name}).first->second;
}

os_signpost_id_t os_signpost_id_generate(os_log_t) {
  static std::atomic<os_signpost_id_t> next{1};
  return next++;
}

bool os_signpost_enabled(os_log_t log) {
  return log != nullptr;
}

void metalhost_signpost(os_log_t log, os_signpost_id_t id, char kind, const char* name, const char* format, ...) {
  using namespace metalhost;
  if (!log || id == OS_SIGNPOST_ID_NULL || id == OS_SIGNPOST_ID_INVALID) return;
  va_list arguments;
  va_start(arguments, format);
  const std::string message = formatted(format, arguments);
  va_end(arguments);
  log_signpost(kind == 'B'   ? EventKind::signpost_begin
               : kind == 'E' ? EventKind::signpost_end
                             : EventKind::signpost_event,
               log->name, id, message.empty() ? name : fmt::format("{}: {}", name, message));
  if (kind != '.') check_pairing(log, id, kind == 'B', name, __builtin_return_address(0));
}

}  // extern "C"
