#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>

// Checks of option values whose messages a person can read: "--max-tokens: a whole number from 1 on is expected, not
// 0".
namespace temper::cli {

CLI::Validator whole_number(int64_t low, int64_t high = std::numeric_limits<int64_t>::max());

enum class Ends { closed, low_open, high_open };

/// A finite number between the ends; infinity as `high`: any from `low` on.
CLI::Validator number(double low, double high = std::numeric_limits<double>::infinity(), Ends ends = Ends::closed);

CLI::Validator not_empty();

}  // namespace temper::cli
