#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/fail.h"

namespace temper::train {

double learning_rate(Schedule schedule, double base, int64_t step, int64_t warmup, int64_t total) {
  if (step < warmup) return base * static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, warmup));
  const auto remaining = static_cast<double>(std::max<int64_t>(1, total - warmup));
  switch (schedule) {
    case Schedule::constant:
      return base;
    case Schedule::linear:
      return base * std::max(0.0, static_cast<double>(total - step) / remaining);
    case Schedule::cosine:
      break;
  }
  const double progress = static_cast<double>(step - warmup) / remaining;
  return base * std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

Schedule schedule_from_name(std::string_view name) {
  for (const Schedule schedule : {Schedule::constant, Schedule::linear, Schedule::cosine})
    if (name_of(schedule) == name) return schedule;
  fail(ErrorCode::usage, "--schedule {}: constant, linear or cosine is expected", name);
}

std::string_view name_of(Schedule schedule) {
  switch (schedule) {
    case Schedule::constant:
      return "constant";
    case Schedule::linear:
      return "linear";
    case Schedule::cosine:
      return "cosine";
  }
  return "";
}

}  // namespace temper::train
