#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fail.h"

namespace temper {
namespace fs = std::filesystem;
namespace {

std::string reason(int error_number) {
  return std::strerror(error_number);
}

ErrorCode code_of(int error_number) {
  return error_number == ENOENT ? ErrorCode::not_found : ErrorCode::io;
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) fail(code_of(errno), "{}: cannot open: {}", path.string(), reason(errno));
    struct stat info {};
    if (::fstat(fd_, &info) == 0 && S_ISDIR(info.st_mode) && !(flags & O_DIRECTORY)) {
      ::close(fd_);
      fail(ErrorCode::io, "{}: is a folder, a file is expected", path.string());
    }
    size_ = static_cast<size_t>(info.st_size);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  size_t size() const { return size_; }

 private:
  int fd_;
  size_t size_ = 0;
};

}  // namespace

std::string read_file(const fs::path& path, size_t max_bytes) {
  Descriptor file(path, O_RDONLY);
  if (file.size() > max_bytes)
    fail(ErrorCode::format, "{}: {} bytes are more than the {} expected at most", path.string(), file.size(),
         max_bytes);
  std::string text;
  text.reserve(file.size());
  char chunk[1 << 16];
  for (;;) {
    const ssize_t n = ::read(file.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorCode::io, "{}: cannot read: {}", path.string(), reason(errno));
    if (n == 0) return text;
    text.append(chunk, static_cast<size_t>(n));
    if (text.size() > max_bytes) fail(ErrorCode::format, "{}: more than {} bytes", path.string(), max_bytes);
  }
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  Descriptor file(path, O_RDONLY);
  if (file.size() == 0) return;
  void* address = ::mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) fail(ErrorCode::io, "{}: cannot map: {}", path.string(), reason(errno));
  bytes_ = {static_cast<const std::byte*>(address), file.size()};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void release_mapped_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t begin = (address + page - 1) / page * page, end = (address + bytes.size()) / page * page;
  // Advice only: when the system doesn't follow it, nothing but memory is lost.
  if (begin < end)
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr): pages
}

FolderLock::FolderLock(const fs::path& folder, std::string_view advice)
    : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) fail(ErrorCode::io, "{}: cannot open: {}", folder.string(), std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(fd_);
  fail(ErrorCode::io, "{}: another program is writing to it; {}", folder.string(), advice);
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::string pattern = path_.string() + ".tmp-XXXXXX";
  fd_ = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (fd_ < 0) fail(code_of(errno), "{}: cannot create: {}", path_.string(), reason(errno));
  ::fchmod(fd_, 0644);
  temporary_ = pattern;
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  TEMPER_ASSERT(fd_ >= 0);
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorCode::io, "{}: cannot write: {}", path_.string(), reason(errno));
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text)));
}

void AtomicFile::commit() {
  TEMPER_ASSERT(fd_ >= 0);
  const bool synced = ::fsync(fd_) == 0;
  const int sync_error = errno;
  const bool closed = ::close(std::exchange(fd_, -1)) == 0;
  if (!synced || !closed || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = synced ? errno : sync_error;
    ::unlink(temporary_.c_str());
    fail(ErrorCode::io, "{}: cannot write: {}", path_.string(), reason(error));
  }
  sync_folder(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

void write_file_atomic(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

namespace {

/// fsync of a file or folder.
void sync_path(const fs::path& path) {
  Descriptor handle(path, fs::is_directory(path) ? O_RDONLY | O_DIRECTORY : O_RDONLY);
  if (::fsync(handle.get()) != 0) fail(ErrorCode::io, "{}: cannot sync: {}", path.string(), reason(errno));
}

}  // namespace

void write_folder_atomic(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  const fs::path temporary = path.string() + ".tmp";
  try {
    fs::remove_all(temporary);
    fs::create_directories(temporary);
    fill(temporary);
    for (const auto& entry : fs::recursive_directory_iterator(temporary)) sync_path(entry.path());
    sync_path(temporary);
    fs::rename(temporary, path);
    sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    fail(ErrorCode::io, "{}: cannot write the folder: {}", path.string(), error.code().message());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

void sync_folder(const fs::path& folder) {
  sync_path(folder);
}

}  // namespace temper
