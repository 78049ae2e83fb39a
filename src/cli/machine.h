#pragma once

#include <cstdint>
#include <optional>

namespace temper::cli {

/// Memory that programs could still take, in bytes; empty where the system doesn't say.
std::optional<uint64_t> available_memory_bytes();

}  // namespace temper::cli
