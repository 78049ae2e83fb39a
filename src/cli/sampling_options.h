#pragma once

#include <CLI/CLI.hpp>

#include "generate/generator.h"

namespace temper::cli {

/// Adds --max-tokens, --temp, --top-k, --top-p, --min-p, --repetition-penalty, --seed, --stop, --stop-token and
/// --ignore-eos, which fill `options`.
void add_sampling_options(CLI::App& command, GenerateOptions& options);

}  // namespace temper::cli
