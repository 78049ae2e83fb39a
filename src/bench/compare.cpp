#include "bench/compare.h"

#include <algorithm>
#include <map>

#include "base/fail.h"

namespace temper::bench {
namespace {

Timing timing_from(const Json& json) {
  return {json.at("median").get<double>(), json.at("p10").get<double>(), json.at("p90").get<double>(),
          json.at("samples").get<int>()};
}

/// The runs of a file: itself, or those that it lists.
std::vector<Json> runs_of(const Json& file) {
  if (file.contains("ops")) return file.at("ops").get<std::vector<Json>>();
  return {file};
}

struct OldRun {
  std::string device;
  std::map<std::string, Timing> cases;
};

/// Runs in one type as one run: a case that was measured beside several peers has the spread of all of them.
OldRun old_run(const Json& file, const std::string& dtype) {
  OldRun old;
  std::string others;
  for (const Json& run : runs_of(file)) {
    if (const auto of = run.at("dtype").get<std::string>(); of != dtype) {
      others += " " + of;
      continue;
    }
    old.device = run.at("device").get<std::string>();
    for (const Json& c : run.at("cases")) {
      const Timing timing = timing_from(c.at("seconds"));
      const auto [at, is_new] =
          old.cases.try_emplace(c.at("op").get<std::string>() + " " + c.at("shape").get<std::string>() + " " +
                                    c.at("dtype").get<std::string>(),
                                timing);
      if (is_new) continue;
      Timing& both = at->second;
      both = {(both.median + timing.median) / 2, std::min(both.low, timing.low), std::max(both.high, timing.high),
              both.samples + timing.samples};
    }
  }
  if (old.device.empty())
    fail(ErrorCode::not_found, "the earlier results are in{}, not in {}: choose with --dtype", others, dtype);
  return old;
}

}  // namespace

Comparison compare(const Json& old_results, const std::vector<Result>& results, const RunKind& kind) {
  constexpr double least_change = 1.05;
  Comparison comparison;
  try {
    const OldRun old = old_run(old_results, kind.dtype);
    if (old.device != kind.device) comparison.other_device = old.device;
    for (const auto& [name, before] : old.cases) {
      if (name.find(kind.filter) == std::string::npos) continue;
      const auto found = std::ranges::find(results, name, &Result::name);
      if (found == results.end()) {
        comparison.missing.push_back(name);
        continue;
      }
      ++comparison.compared;
      const Timing& now = found->batched;
      const double ratio = now.median / before.median;
      if (ratio > least_change && now.low > before.high) comparison.slower.push_back({name, ratio});
      if (ratio < 1 / least_change && now.high < before.low) comparison.faster.push_back({name, ratio});
    }
  } catch (const Json::exception& error) {
    fail(ErrorCode::format, "these aren't results of `temper bench ops --json`: {}", error.what());
  }
  return comparison;
}

Comparison compare_and_confirm(const Json& old_results, std::vector<Result>& results, const RunKind& kind,
                               const std::function<Result(size_t i)>& again) {
  for (const Change& change : compare(old_results, results, kind).slower) {
    const auto found = std::ranges::find(results, change.name, &Result::name);
    Result second = again(static_cast<size_t>(found - results.begin()));
    RunKind this_case = kind;
    this_case.filter = change.name;
    const Comparison repeated = compare(old_results, {second}, this_case);
    if (std::ranges::find(repeated.slower, change.name, &Change::name) == repeated.slower.end())
      *found = std::move(second);
  }
  return compare(old_results, results, kind);
}

OrderedJson to_json(const Comparison& comparison) {
  const auto list = [](const std::vector<Change>& changes) {
    OrderedJson made = OrderedJson::array();
    for (const Change& change : changes) made.push_back({{"name", change.name}, {"ratio", change.ratio}});
    return made;
  };
  OrderedJson json = {{"compared", comparison.compared},
                      {"slower", list(comparison.slower)},
                      {"faster", list(comparison.faster)},
                      {"missing", comparison.missing}};
  if (!comparison.other_device.empty()) json["other_device"] = comparison.other_device;
  return json;
}

}  // namespace temper::bench
