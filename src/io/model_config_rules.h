#pragma once

#include <string_view>

#include "io/model_config.h"

// What both readers of a model's configuration (config.json and GGUF) check. `where` names the file in errors.
namespace temper::io {

/// Throws Error{unsupported} naming the architecture and the known ones.
[[noreturn]] void refuse_architecture(std::string_view where, std::string_view name);

/// Throws Error{format} for sizes that make no sense.
void validate_config(const ModelConfig& config, std::string_view where);

}  // namespace temper::io
