#include "cli/conformance_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/session.h"
#include "conformance/run.h"

namespace temper::cli {
namespace {

using conformance::OpResult;

/// "12/40", or "2 differ".
std::string cell(const OpResult* result) {
  if (!result) return "-";
  if (!result->differences.empty()) return fmt::format("{} differ", result->differences.size());
  return fmt::format("{}/{}", result->checked, result->planned);
}

const OpResult* find(const ConformanceReport& report, std::string_view op, DType dtype) {
  const auto found = std::ranges::find_if(
      report.results, [&](const OpResult& result) { return result.op == op && result.dtype == dtype; });
  return found == report.results.end() ? nullptr : &*found;
}

std::vector<std::string> ops_of(const ConformanceReport& report) {
  std::vector<std::string> ops;
  for (const OpResult& result : report.results)
    if (std::ranges::find(ops, result.op) == ops.end()) ops.push_back(result.op);
  return ops;
}

}  // namespace

int64_t ConformanceReport::checked() const {
  int64_t sum = 0;
  for (const OpResult& result : results) sum += result.checked;
  return sum;
}
int64_t ConformanceReport::planned() const {
  int64_t sum = 0;
  for (const OpResult& result : results) sum += result.planned;
  return sum;
}
int64_t ConformanceReport::different() const {
  int64_t sum = 0;
  for (const OpResult& result : results) sum += static_cast<int64_t>(result.differences.size());
  return sum;
}

ConformanceReport run_conformance(DeviceType type, std::optional<double> seconds) {
  const auto backend = conformance::backend(type);
  const std::vector<conformance::Case> cases = conformance::cases_of(type);
  return {.device = backend->device(),
          .description = backend->description(),
          .emulated = backend->is_emulated(),
          .results = conformance::run_checks(cases, seconds)};
}

Check summary_of(const ConformanceReport& report) {
  Check check{
      .name = fmt::format("{}: conformance", to_string(report.device)),
      .detail = fmt::format("{} of {} checks ran, {} differ", report.checked(), report.planned(), report.different())};
  if (report.emulated) check.detail += "; an emulated device: this says nothing about an Apple GPU";
  if (report.different() > 0) {
    check.status = Check::Status::fail;
    check.advice = "results of these ops can't be trusted on this device; report this with the output of temper info";
  } else if (report.checked() < report.planned()) {
    check.detail += "; --full runs all";
  }
  return check;
}

void print(const ConformanceReport& report) {
  fmt::print("conformance on {}: {}\n", to_string(report.device), report.description);
  std::set<DType> types;
  for (const OpResult& result : report.results) types.insert(result.dtype);
  fmt::print("  {:<36}", "op (checks passed/all)");
  for (const DType dtype : types) fmt::print(" {:>10}", name_of(dtype));
  fmt::print("\n");
  for (const std::string& op : ops_of(report)) {
    fmt::print("  {:<36}", op);
    for (const DType dtype : types) fmt::print(" {:>10}", cell(find(report, op, dtype)));
    fmt::print("\n");
  }
  for (const OpResult& result : report.results)
    for (const std::string& text : result.differences)
      fmt::print("  differs: {} {} on {}: {}\n", result.op, name_of(result.dtype), to_string(report.device), text);
  fmt::print("\n");
}

void append_json(const ConformanceReport& report, OrderedJson& list) {
  for (const OpResult& result : report.results)
    list.push_back({{"device", to_string(report.device)},
                    {"emulated", report.emulated},
                    {"op", result.op},
                    {"dtype", name_of(result.dtype)},
                    {"checked", result.checked},
                    {"planned", result.planned},
                    {"differences", result.differences}});
}

}  // namespace temper::cli
