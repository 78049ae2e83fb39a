#include "conformance/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "conformance/run.h"
#include "conformance/tolerance.h"

namespace temper::conformance {
namespace {

/// How closely two results must agree.
struct Closeness {
  Accuracy accuracy = Accuracy::rounded;
  bool gradient = false;
  double slack = 1.0;  ///< 2 where both sides are computed
};

std::string difference(const Output& got, const Array& want, const Closeness& close, const std::string& what) {
  if (got.array.shape != want.shape)
    return fmt::format("{} is {}, expected {}", what, to_string(got.array.shape), to_string(want.shape));
  double largest = 0.0;
  for (const double value : want.values)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  for (int64_t i = 0; i < want.elements(); ++i) {
    const double x = got.array[i], y = want[i];
    if (std::isnan(y)) {
      if (!std::isnan(x)) return fmt::format("{}, element {}: {} instead of NaN", what, i, x);
      continue;
    }
    if (x == round_to(got.dtype, y)) continue;  // also where the reference overflows the type to infinity
    const double allowed = close.slack * (close.gradient ? allowed_gradient_error(close.accuracy, got.dtype, y, largest)
                                                         : allowed_error(close.accuracy, got.dtype, y, largest));
    if (!(std::abs(x - y) <= allowed))
      return fmt::format("{}, element {}: {} instead of {}, allowed error {}", what, i, x, y, allowed);
  }
  return "";
}

/// Both outputs and gradients of two runs.
std::string difference(const Outcome& got, const Outcome& want, Accuracy accuracy, const std::string& what) {
  for (size_t i = 0; i < want.outputs.size(); ++i)
    if (auto text = difference(got.outputs[i], want.outputs[i].array, {accuracy, false, 2.0},
                               fmt::format("{}, output {}", what, i));
        !text.empty())
      return text;
  for (size_t i = 0; i < want.gradients.size(); ++i)
    if (auto text = difference(got.gradients[i], want.gradients[i].array, {accuracy, true, 2.0},
                               fmt::format("{}, gradient {}", what, i));
        !text.empty())
      return text;
  return "";
}

std::string bit_difference(const Output& a, const Output& b, const std::string& what) {
  if (a.dtype != b.dtype || a.array.shape != b.array.shape) return what + ": another type or shape";
  if (a.bytes == b.bytes) return "";
  for (int64_t i = 0; i < a.array.elements(); ++i) {
    const double x = a.array[i], y = b.array[i];
    if (x != y && !(std::isnan(x) && std::isnan(y))) return fmt::format("{}, element {}: {} against {}", what, i, x, y);
  }
  return "";
}

/// Empty unless both runs are bit for bit the same.
std::string bit_difference(const Outcome& a, const Outcome& b, const std::string& what) {
  if (a.outputs.size() != b.outputs.size() || a.gradients.size() != b.gradients.size())
    return what + ": another number of results";
  for (size_t i = 0; i < a.outputs.size(); ++i)
    if (auto text = bit_difference(a.outputs[i], b.outputs[i], fmt::format("{}, output {}", what, i)); !text.empty())
      return text;
  for (size_t i = 0; i < a.gradients.size(); ++i)
    if (auto text = bit_difference(a.gradients[i], b.gradients[i], fmt::format("{}, gradient {}", what, i));
        !text.empty())
      return text;
  return "";
}

Outcome run(const Case& c, const RunOptions& options, const StreamOptions& stream = {}, int threads = 0) {
  Context ctx(backend(c.device, threads), stream);
  return run_once(ctx, *c.record, *c.sample, options);
}

std::string forward(const Case& c) {
  const std::vector<Array> want = c.record->reference(rounded_inputs(*c.sample, c.dtype));
  const Outcome got = run(c, {.dtype = c.dtype});
  if (got.outputs.size() != want.size())
    return fmt::format("{} outputs instead of {}", got.outputs.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i)
    if (auto text = difference(got.outputs[i], want[i], {.accuracy = c.record->accuracy}, fmt::format("output {}", i));
        !text.empty())
      return text;
  return "";
}

std::string strided(const Case& c) {
  const Outcome want = run(c, {.dtype = c.dtype, .gradients = true});
  constexpr std::pair<Placement, const char*> kPlacements[] = {
      {Placement::offset, "offset"}, {Placement::gaps, "gaps"}, {Placement::transposed, "transposed"}};
  for (const auto& [placement, name] : kPlacements) {
    const Outcome got = run(c, {.dtype = c.dtype, .placement = placement, .gradients = true});
    auto text = c.record->strided_is_bit_identical ? bit_difference(got, want, name)
                                                   : difference(got, want, c.record->accuracy, name);
    if (!text.empty()) return text;
  }
  return "";
}

std::string composite(const Case& c) {
  const Outcome want = run(c, {.dtype = c.dtype, .gradients = true});
  Context ctx(backend(c.device));
  ctx.set_prefer_composites(true);
  const Outcome got = run_once(ctx, *c.record, *c.sample, {.dtype = c.dtype, .gradients = true});
  return difference(got, want, c.record->accuracy, "composite");
}

std::string repeated(const Case& c) {
  const RunOptions options{.dtype = c.dtype, .gradients = true};
  const Outcome once = run(c, options, {}, 2), again = run(c, options, {}, 2), alone = run(c, options, {}, 1);
  if (auto text = bit_difference(once, again, "twice"); !text.empty()) return text;
  return bit_difference(once, alone, "1 thread");
}

std::string deferred(const Case& c) {
  const RunOptions options{.dtype = c.dtype, .gradients = true};
  const Outcome want = run(c, options);
  for (const std::optional<uint64_t> seed : {std::optional<uint64_t>(), std::optional<uint64_t>(1),
                                             std::optional<uint64_t>(2), std::optional<uint64_t>(3)}) {
    const Outcome got = run(c, options, {.deferred = true, .shuffle_seed = seed});
    const std::string what = seed ? fmt::format("shuffle seed {}", *seed) : "in submission order";
    if (auto text = bit_difference(got, want, what); !text.empty()) return text;
  }
  return "";
}

/// <gradient seeds, outputs> in f64 as run_once seeds them, over the outputs that carry a gradient in `recorded`.
double weighted_outputs(const Outcome& outcome, const Outcome& recorded) {
  double total = 0.0;
  for (size_t i = 0; i < outcome.outputs.size(); ++i) {
    if (!recorded.outputs[i].carries_gradient) continue;
    const Array seed = uniform(outcome.outputs[i].array.shape, kGradientSeed + i);
    for (int64_t j = 0; j < seed.elements(); ++j) total += seed[j] * outcome.outputs[i].array[j];
  }
  return total;
}

/// The slope of the weighted outputs along `direction` of one input.
double finite_difference(const Case& c, const Sample& base, size_t input, const Array& direction,
                         const Outcome& recorded) {
  double sides[2];
  for (const int side : {0, 1}) {
    Sample moved = base;
    for (int64_t i = 0; i < direction.elements(); ++i)
      moved.inputs[input][i] += (side == 0 ? kDifferenceStep : -kDifferenceStep) * direction[i];
    Context ctx(backend(c.device));
    sides[side] = weighted_outputs(run_once(ctx, *c.record, moved, {.dtype = c.dtype}), recorded);
  }
  return (sides[0] - sides[1]) / (2 * kDifferenceStep);
}

std::string gradient(const Case& c) {
  const Sample base = in_one_type(*c.record, *c.sample);
  Context ctx(backend(c.device));
  const Outcome outcome = run_once(ctx, *c.record, base, {.dtype = c.dtype, .gradients = true});
  for (size_t g = 0; g < c.record->differentiable.size(); ++g) {
    const size_t input = c.record->differentiable[g];
    const Array& values = outcome.gradients[g].array;
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      const Array direction = uniform(values.shape, 50 + seed, -1.0, 1.0);
      double slope = 0.0, size = 1.0;
      for (int64_t i = 0; i < direction.elements(); ++i) {
        slope += values[i] * direction[i];
        size += std::abs(values[i] * direction[i]);
      }
      const double expected = finite_difference(c, base, input, direction, outcome);
      if (!(std::abs(slope - expected) <= kDifferenceTolerance * size))
        return fmt::format("input {}, direction {}: slope {}, finite difference {}", input, seed, slope, expected);
    }
  }
  return "";
}

std::string low_precision_gradient(const Case& c) {
  // The same numbers, rounded to the type under test, differentiated in f64 on the CPU.
  Sample rounded = *c.sample;
  rounded.inputs = rounded_inputs(*c.sample, c.dtype);
  rounded = in_one_type(*c.record, rounded);
  Context ctx(backend(DeviceType::cpu));
  const Outcome want =
      run_once(ctx, *c.record, rounded, {.dtype = DType::f64, .gradients = true, .seed_dtype = c.dtype});
  const Outcome got = run(c, {.dtype = c.dtype, .gradients = true});
  for (size_t i = 0; i < want.gradients.size(); ++i)
    if (auto text = difference(got.gradients[i], want.gradients[i].array, {c.record->accuracy, true, 1.0},
                               fmt::format("gradient of input {}", c.record->differentiable[i]));
        !text.empty())
      return text;
  return "";
}

bool runs_on(DeviceType device, DType dtype) {
  return device == DeviceType::cpu || dtype != DType::f64;
}

}  // namespace

std::string_view name_of(Property property) {
  constexpr std::string_view kNames[] = {
      "forward", "strided", "composite", "repeated", "deferred", "gradient", "low-precision gradient"};
  return kNames[static_cast<size_t>(property)];
}

const std::vector<OpRecord>& records() {
  static const std::vector<OpRecord> all = all_records();
  return all;
}

std::vector<Case> cases_of(DeviceType device) {
  std::vector<Case> result;
  for (const OpRecord& record : records())
    for (const Sample& sample : record.samples)
      for (const DType dtype : record.dtypes)
        if (runs_on(device, dtype)) result.push_back({device, &record, &sample, dtype});
  return result;
}

bool applies(Property property, const Case& c) {
  const bool differentiable = !c.record->differentiable.empty() && c.sample->smooth;
  switch (property) {
    case Property::composite:
      return c.dtype != DType::f64;
    case Property::deferred:
      return c.device == DeviceType::cpu;
    case Property::gradient:
      return differentiable && c.dtype == DType::f64;
    case Property::low_precision_gradient:
      return differentiable && c.dtype != DType::f64 && std::ranges::count(c.record->dtypes, DType::f64) > 0;
    default:
      return true;
  }
}

std::string violation(Property property, const Case& c) {
  constexpr std::string (*kChecks[])(const Case&) = {
      forward, strided, composite, repeated, deferred, gradient, low_precision_gradient};
  return kChecks[static_cast<size_t>(property)](c);
}

}  // namespace temper::conformance
