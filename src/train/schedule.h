#pragma once

#include <cstdint>
#include <string_view>

namespace temper::train {

enum class Schedule { constant, linear, cosine };

/// Learning rate of optimizer step `step` (from 0) of `total`: linear warm-up from 0 over `warmup` steps, then
/// constant, linear to 0, or half a cosine to 0, as Transformers' get_scheduler has them.
double learning_rate(Schedule schedule, double base, int64_t step, int64_t warmup, int64_t total);

/// Throws Error{usage} for a name that isn't constant, linear or cosine.
Schedule schedule_from_name(std::string_view name);
std::string_view name_of(Schedule schedule);

}  // namespace temper::train
