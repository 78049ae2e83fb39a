// The conformance suite: every record on every backend of this build. An op joins by its record, a backend by existing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "ops/suite.h"

namespace temper::suite {
namespace {

struct Case {
  DeviceType device;
  const OpRecord* record;
  const Sample* sample;
  DType dtype;
};

const std::vector<OpRecord>& records() {
  static const std::vector<OpRecord> all = all_records();
  return all;
}

bool runs_on(DeviceType device, DType dtype) {
  return device == DeviceType::cpu || dtype != DType::f64;
}

template <class Wanted>
std::vector<Case> cases(Wanted wanted) {
  std::vector<Case> result;
  for (const DeviceType device : available_devices())
    for (const OpRecord& record : records())
      for (const Sample& sample : record.samples)
        for (const DType dtype : record.dtypes) {
          const Case one{device, &record, &sample, dtype};
          if (runs_on(device, dtype) && wanted(one)) result.push_back(one);
        }
  return result;
}

std::vector<Case> every_case() {
  return cases([](const Case&) { return true; });
}
bool is_differentiable(const Case& c) {
  return !c.record->differentiable.empty();
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  const std::string device = to_string(Device{c.device, 0});
  std::string name = fmt::format("{}_{}_{}_{}_{}", device.substr(0, device.find(':')), c.record->name, c.sample->name,
                                 name_of(c.dtype), info.index);
  std::ranges::replace_if(
      name, [](char letter) { return !std::isalnum(static_cast<unsigned char>(letter)); }, '_');
  return name;
}

class OpTest : public testing::TestWithParam<Case> {
 protected:
  Outcome run(const RunOptions& options, const StreamOptions& stream = {}, int threads = 0) const {
    Context ctx(backend(GetParam().device, threads), stream);
    return run_once(ctx, *GetParam().record, *GetParam().sample, options);
  }
  RunOptions options(bool gradients) const { return {.dtype = GetParam().dtype, .gradients = gradients}; }
};

void expect_close(const Output& got, const Array& want, Accuracy accuracy, bool gradient, double slack,
                  const std::string& what) {
  ASSERT_EQ(got.array.shape, want.shape) << what;
  double largest = 0.0;
  for (const double value : want.values)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  for (int64_t i = 0; i < want.elements(); ++i) {
    const double x = got.array[i], y = want[i];
    if (std::isnan(y)) {
      ASSERT_TRUE(std::isnan(x)) << what << ", element " << i << ": " << x << " instead of NaN";
      continue;
    }
    if (x == round_to(got.dtype, y)) continue;  // also where the reference overflows the type to infinity
    const double allowed = slack * (gradient ? allowed_gradient_error(accuracy, got.dtype, y, largest)
                                             : allowed_error(accuracy, got.dtype, y, largest));
    ASSERT_TRUE(std::abs(x - y) <= allowed)
        << what << ", element " << i << ": " << x << " instead of " << y << ", allowed error " << allowed;
  }
}

using Forward = OpTest;
TEST_P(Forward, MatchesTheReference) {
  const auto& [device, record, sample, dtype] = GetParam();
  const std::vector<Array> want = record->reference(rounded_inputs(*sample, dtype));
  const Outcome got = run(options(false));
  ASSERT_EQ(got.outputs.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i)
    expect_close(got.outputs[i], want[i], record->accuracy, false, 1.0, fmt::format("output {}", i));
}

using Strided = OpTest;
TEST_P(Strided, InputsGiveTheContiguousResult) {
  const Outcome want = run(options(true));
  for (const Placement placement : {Placement::offset, Placement::gaps, Placement::transposed}) {
    RunOptions strided = options(true);
    strided.placement = placement;
    const Outcome got = run(strided);
    const std::string what = fmt::format("placement {}", static_cast<int>(placement));
    if (GetParam().record->strided_is_bit_identical) {
      expect_identical(got.outputs, want.outputs, what);
      expect_identical(got.gradients, want.gradients, what + ", gradients");
      continue;
    }
    for (size_t i = 0; i < want.outputs.size(); ++i)
      expect_close(got.outputs[i], want.outputs[i].array, GetParam().record->accuracy, false, 2.0, what);
    for (size_t i = 0; i < want.gradients.size(); ++i)
      expect_close(got.gradients[i], want.gradients[i].array, GetParam().record->accuracy, true, 2.0, what);
  }
}

using Composite = OpTest;
TEST_P(Composite, AgreesWithTheKernel) {
  const Outcome want = run(options(true));
  Context ctx(backend(GetParam().device));
  ctx.set_prefer_composites(true);
  const Outcome got = run_once(ctx, *GetParam().record, *GetParam().sample, options(true));
  for (size_t i = 0; i < want.outputs.size(); ++i)
    expect_close(got.outputs[i], want.outputs[i].array, GetParam().record->accuracy, false, 2.0,
                 fmt::format("output {}", i));
  for (size_t i = 0; i < want.gradients.size(); ++i)
    expect_close(got.gradients[i], want.gradients[i].array, GetParam().record->accuracy, true, 2.0,
                 fmt::format("gradient {}", i));
}

using Repeated = OpTest;
TEST_P(Repeated, IsBitIdenticalOnAnyNumberOfThreads) {
  const Outcome once = run(options(true), {}, 2);
  const Outcome again = run(options(true), {}, 2);
  const Outcome alone = run(options(true), {}, 1);
  expect_identical(once.outputs, again.outputs, "twice");
  expect_identical(once.gradients, again.gradients, "gradients twice");
  expect_identical(once.outputs, alone.outputs, "1 thread");
  expect_identical(once.gradients, alone.gradients, "gradients, 1 thread");
}

using Deferred = OpTest;
TEST_P(Deferred, IsBitIdenticalInEveryOrderThatBarriersAllow) {
  const Outcome want = run(options(true));
  for (const std::optional<uint64_t> seed : {std::optional<uint64_t>(), std::optional<uint64_t>(1),
                                             std::optional<uint64_t>(2), std::optional<uint64_t>(3)}) {
    const Outcome got = run(options(true), {.deferred = true, .shuffle_seed = seed});
    const std::string what = seed ? fmt::format("shuffle seed {}", *seed) : "in submission order";
    expect_identical(got.outputs, want.outputs, what);
    expect_identical(got.gradients, want.gradients, what + ", gradients");
  }
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

using Gradient = OpTest;
TEST_P(Gradient, MatchesFiniteDifferencesInF64) {
  const auto& [device, record, sample, dtype] = GetParam();
  const Sample base = in_one_type(*record, *sample);
  Context gradient_ctx(backend(device));
  const Outcome outcome = run_once(gradient_ctx, *record, base, options(true));
  for (size_t g = 0; g < record->differentiable.size(); ++g) {
    const size_t input = record->differentiable[g];
    const Array& gradient = outcome.gradients[g].array;
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      const Array direction = uniform(gradient.shape, 50 + seed, -1.0, 1.0);
      double slope = 0.0, size = 1.0;
      for (int64_t i = 0; i < direction.elements(); ++i) {
        slope += gradient[i] * direction[i];
        size += std::abs(gradient[i] * direction[i]);
      }
      double sides[2];
      for (const int side : {0, 1}) {
        Sample moved = base;
        for (int64_t i = 0; i < direction.elements(); ++i)
          moved.inputs[input][i] += (side == 0 ? kDifferenceStep : -kDifferenceStep) * direction[i];
        Context ctx(backend(device));
        sides[side] = weighted_outputs(run_once(ctx, *record, moved, options(false)), outcome);
      }
      const double difference = (sides[0] - sides[1]) / (2 * kDifferenceStep);
      EXPECT_NEAR(slope, difference, kDifferenceTolerance * size) << "input " << input << ", direction " << seed;
    }
  }
}

using LowPrecisionGradient = OpTest;
TEST_P(LowPrecisionGradient, MatchesTheOneInF64) {
  const auto& [device, record, sample, dtype] = GetParam();
  // The same numbers, rounded to the type under test, differentiated in f64 on the CPU.
  Sample rounded = *sample;
  rounded.inputs = rounded_inputs(*sample, dtype);
  rounded = in_one_type(*record, rounded);
  Context ctx(backend(DeviceType::cpu));
  const Outcome want = run_once(ctx, *record, rounded, {.dtype = DType::f64, .gradients = true, .seed_dtype = dtype});
  const Outcome got = run(options(true));
  for (size_t i = 0; i < want.gradients.size(); ++i)
    expect_close(got.gradients[i], want.gradients[i].array, record->accuracy, true, 1.0,
                 fmt::format("gradient of input {}", record->differentiable[i]));
}

bool has_f64(const Case& c) {
  return std::ranges::count(c.record->dtypes, DType::f64) > 0;
}

INSTANTIATE_TEST_SUITE_P(Ops, Forward, testing::ValuesIn(every_case()), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Strided, testing::ValuesIn(every_case()), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Composite, testing::ValuesIn(cases([](const Case& c) { return c.dtype != DType::f64; })),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Repeated, testing::ValuesIn(every_case()), name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Deferred,
                         testing::ValuesIn(cases([](const Case& c) { return c.device == DeviceType::cpu; })),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, Gradient, testing::ValuesIn(cases([](const Case& c) {
                           return is_differentiable(c) && c.dtype == DType::f64 && c.sample->smooth;
                         })),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Ops, LowPrecisionGradient, testing::ValuesIn(cases([](const Case& c) {
                           return is_differentiable(c) && has_f64(c) && c.dtype != DType::f64 && c.sample->smooth;
                         })),
                         name_of_case);

}  // namespace
}  // namespace temper::suite
