#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace temper {

/// The whole file as a string. Throws Error{not_found, io}, also when it is larger than `max_bytes`.
std::string read_file(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 32);

/// A file mapped read-only; the bytes stay valid as long as any copy of the object's shared_ptr lives.
/// Empty files map to an empty span. Throws Error{not_found, io}.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

/// For bytes of a MappedFile that won't be read soon: their pages leave the process's memory, and come back from the
/// file when they are read after all.
void release_mapped_pages(std::span<const std::byte> bytes);

/// Writes a file so that a reader sees the old contents or the new ones, never a part: temporary name in the same
/// folder, fsync, rename, fsync of the folder. Without commit() the destructor removes the temporary file.
/// Every failed write (a full disk) throws Error{io} naming the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  int fd_ = -1;
};

/// Keeps other programs that take the same lock out of a folder, until it is destroyed or the process ends, however it
/// ends. Throws Error{io} when another holds it, or the folder can't be opened. File systems without locks grant it.
class FolderLock {
 public:
  /// `advice` ends the error: what to do when the lock is taken.
  FolderLock(const std::filesystem::path& folder, std::string_view advice);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

 private:
  int fd_ = -1;
};

/// AtomicFile in one call.
void write_file_atomic(const std::filesystem::path& path, std::string_view text);

/// Fills `path` as a folder atomically: `fill` writes into `path`.tmp, whose files and itself are fsynced, then it is
/// renamed to `path` (which must not exist) and the parent is fsynced. On an exception the temporary folder is removed.
void write_folder_atomic(const std::filesystem::path& path,
                         const std::function<void(const std::filesystem::path&)>& fill);

/// fsync of a folder, so that a rename inside it survives a power cut.
void sync_folder(const std::filesystem::path& folder);

}  // namespace temper
