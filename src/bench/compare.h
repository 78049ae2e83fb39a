#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "bench/run.h"

// Results against those of an earlier run.
namespace temper::bench {

struct Change {
  std::string name;
  double ratio = 1;  ///< new median by the old one
};

/// `slower`: cases whose new median is more than 5 % above the old one, and whose fastest tenth is slower than the old
/// slowest tenth; `faster`: the other way round.
struct Comparison {
  std::vector<Change> slower, faster;
  std::vector<std::string> missing;  ///< cases of the old run that the filter takes and the new one lacks
  std::string other_device;          ///< what the old run ran on, where that wasn't the same
  int compared = 0;
};

/// What the new results are of.
struct RunKind {
  std::string device, dtype, filter;
};

/// `old_results`: what an earlier run printed with --json, or the results.json of `./dev bench --peers`, of which the
/// runs in the same type count. Throws Error{format} for another file, Error{not_found} when it has no run in the type.
Comparison compare(const Json& old_results, const std::vector<Result>& results, const RunKind& kind);

/// The same, but what seems slower is measured again: `again(i)` measures results[i] afresh. What isn't slower the
/// second time was the machine's doing: the new result takes the place of the first.
Comparison compare_and_confirm(const Json& old_results, std::vector<Result>& results, const RunKind& kind,
                               const std::function<Result(size_t i)>& again);

OrderedJson to_json(const Comparison& comparison);

}  // namespace temper::bench
