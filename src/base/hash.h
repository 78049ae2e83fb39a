#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace temper {

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace temper
