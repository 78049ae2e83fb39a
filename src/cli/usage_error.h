#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace temper::cli {

/// What was wrong with a command line, for the person who typed it: an unknown command or option with near matches,
/// else CLI11's own words; and where the help is.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace temper::cli
