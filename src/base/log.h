#pragma once

#include <spdlog/spdlog.h>

// Notes for the person at the terminal go to standard error: log::info("...{}", x). Standard output is for results.
namespace temper::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

/// Once at program start: plain messages on stderr, coloured level names on a terminal.
void set_up(bool quiet, bool verbose);

}  // namespace temper::log
