#include "runtime/checks/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "runtime/checks/symbolize.h"
#include "runtime/objc/define.h"
#include "runtime/objc/send.h"

namespace metalhost {
namespace {

thread_local int deferring = 0;

OnReport choice_of_environment() {
  const char* value = std::getenv("METALHOST_ON_REPORT");
  std::string_view choice = value ? value : "";
  if (choice == "raise") return OnReport::raise;
  if (choice == "print") return OnReport::print;
  if (choice == "collect") return OnReport::collect;
  return OnReport::abort;
}

struct Reports {
  std::atomic<OnReport> choice{choice_of_environment()};
  std::mutex mutex;
  std::vector<Report> collected;
  std::vector<Report> deferred;
  std::atomic<bool> has_deferred{false};
};

// Filled by signal handlers; what doesn't fit is dropped.
struct SignalReports {
  std::atomic<std::size_t> reserved{0};
  std::atomic<std::size_t> written{0};
  std::array<SignalReport, 64> records;
};
SignalReports& signal_reports() {
  static SignalReports* instance = new SignalReports;
  return *instance;
}

Reports& reports() {
  static Reports* instance = new Reports;
  return *instance;
}

void deliver(Report found, bool may_throw) {
  OnReport choice = reports().choice;
  switch (choice) {
    case OnReport::collect: {
      std::lock_guard lock(reports().mutex);
      reports().collected.push_back(std::move(found));
      return;
    }
    case OnReport::raise: {
      if (may_throw && deferring == 0) throw ContractViolation(std::move(found));
      std::lock_guard lock(reports().mutex);
      reports().deferred.push_back(std::move(found));
      reports().has_deferred = true;
      return;
    }
    case OnReport::print:
    case OnReport::abort:
      break;
  }
  fmt::print(stderr, "metalhost: {}\n", found.text());
  std::fflush(stderr);
  if (choice == OnReport::abort) std::abort();
}

// Turns what signal handlers found into reports.
void adopt_signal_reports() {
  SignalReports& pending = signal_reports();
  std::size_t count = pending.written;
  if (count == 0) return;
  for (std::size_t i = 0; i < std::min(count, pending.records.size()); ++i) {
    const SignalReport& found = pending.records[i];
    deliver({std::string(rule_name(found.rule)), found.object, "", symbolize(found.site), found.detail}, false);
  }
  pending.written = 0;
  pending.reserved = 0;
}

}  // namespace

std::string_view rule_name(Rule rule) {
  return rules()[static_cast<std::size_t>(rule)].name;
}

const std::vector<RuleText>& rules() {
  static const auto* table = [] {
    auto* rows = new std::vector<RuleText>;
    auto add = [rows](std::string name, std::string_view contract) {
      std::replace(name.begin(), name.end(), '_', '-');
      rows->push_back({std::move(name), contract});
    };
#define METALHOST_ROW(name, contract) add(#name, contract);
    METALHOST_RULES(METALHOST_ROW)
#undef METALHOST_ROW
    return rows;
  }();
  return *table;
}

std::string Report::text() const {
  std::string line = fmt::format("[{}] {}", rule, object);
  if (!message.empty()) line += fmt::format(", {}", message);
  if (!site.empty()) line += fmt::format(", at {}", site);
  return line + ": " + detail;
}

ContractViolation::ContractViolation(Report report) : std::runtime_error(report.text()), report_(std::move(report)) {}

void set_on_report(OnReport choice) {
  reports().choice = choice;
}
OnReport on_report() {
  return reports().choice;
}

std::vector<Report> take_reports() {
  adopt_signal_reports();
  std::lock_guard lock(reports().mutex);
  return std::exchange(reports().collected, {});
}

std::string describe(const Object* any) {
  const Object* object = without_literals(const_cast<Object*>(any));
  if (!object) return "nil";
  if (is_class_object(object)) return fmt::format("class {}", reinterpret_cast<const ObjcClass*>(object)->name);
  const ObjcClass* cls = object->isa;
  std::string label;
  if (cls == zombie_class()) {
    cls = static_cast<const Zombie*>(object)->was;
    label = static_cast<const Zombie*>(object)->label;
  } else if (cls->label) {
    label = cls->label(object);
  }
  return fmt::format("{} #{}{}", cls->name, object->serial, label.empty() ? "" : fmt::format(" '{}'", label));
}

std::string current_message() {
  if (!current_send.selector) return {};
  const auto* receiver = static_cast<const Object*>(current_send.receiver);
  const char* selector = current_send.selector->name;
  if (!receiver) return fmt::format("-[nil {}]", selector);
  if (is_class_object(receiver)) {
    return fmt::format("+[{} {}]", reinterpret_cast<const ObjcClass*>(receiver)->name, selector);
  }
  const ObjcClass* cls = receiver->isa == zombie_class() ? static_cast<const Zombie*>(receiver)->was : receiver->isa;
  return fmt::format("-[{} {}]", cls->name, selector);
}

void report(Rule rule, const Object* object, std::string detail) {
  deliver({std::string(rule_name(rule)), describe(object), current_message(), symbolize_on_stack(current_send.site),
           std::move(detail)},
          true);
}

void report_from_outside(Rule rule, std::string object, std::string detail, CallSite site) {
  deliver({std::string(rule_name(rule)), std::move(object), "", symbolize(site), std::move(detail)}, false);
}

void report_from_outside(Rule rule, std::string object, std::string detail, std::string site) {
  deliver({std::string(rule_name(rule)), std::move(object), "", std::move(site), std::move(detail)}, false);
}

void report_from_signal(const SignalReport& found) {
  if (on_report() == OnReport::abort || on_report() == OnReport::print) {
    report_from_outside(found.rule, found.object, found.detail, found.site);
    return;
  }
  SignalReports& pending = signal_reports();
  std::size_t slot = pending.reserved.fetch_add(1);
  if (slot >= pending.records.size()) return;
  pending.records[slot] = found;
  ++pending.written;
  reports().has_deferred = true;
}

DeferReports::DeferReports() {
  ++deferring;
}
DeferReports::~DeferReports() {
  --deferring;
}

bool has_deferred_report() {
  return reports().has_deferred.load(std::memory_order_relaxed);
}

void raise_deferred_report() {
  adopt_signal_reports();
  Report first;
  {
    std::lock_guard lock(reports().mutex);
    reports().has_deferred = !reports().deferred.empty();
    if (reports().deferred.empty()) return;
    first = std::move(reports().deferred.front());
    reports().deferred.erase(reports().deferred.begin());
    reports().has_deferred = !reports().deferred.empty();
  }
  throw ContractViolation(std::move(first));
}

}  // namespace metalhost
