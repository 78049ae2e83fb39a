#pragma once

#include <filesystem>

namespace temper::io {

/// Whether something is at `path`; an unusable path (too long, a folder without permission) counts as absent, so that
/// the caller's own error names what is missing.
inline bool path_exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace temper::io
