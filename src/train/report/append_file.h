#pragma once

#include <filesystem>
#include <string_view>

namespace temper::train {

/// A file that grows by whole records: each append() reaches the system before it returns, without a user-space buffer,
/// so a killed process loses nothing it appended. Throws Error{not_found, io} naming the path and the reason.
class AppendFile {
 public:
  enum class Open {
    truncate,  ///< start anew
    append,    ///< continue, or start when missing
    exclusive  ///< must not exist: Error{io}
  };

  AppendFile(std::filesystem::path path, Open how);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view bytes);
  /// fsync
  void sync();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace temper::train
