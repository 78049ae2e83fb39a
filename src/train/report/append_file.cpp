#include "train/report/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fail.h"

namespace temper::train {
namespace {

int flags_of(AppendFile::Open how) {
  const int common = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  if (how == AppendFile::Open::truncate) return common | O_TRUNC;
  if (how == AppendFile::Open::exclusive) return common | O_EXCL;
  return common;
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path path, Open how)
    : path_(std::move(path)), fd_(::open(path_.c_str(), flags_of(how), 0644)) {
  if (fd_ >= 0) return;
  const int error = errno;
  fail(error == ENOENT ? ErrorCode::not_found : ErrorCode::io, "{}: cannot open for writing: {}", path_.string(),
       std::strerror(error));
}

AppendFile::~AppendFile() {
  ::close(fd_);
}

void AppendFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorCode::io, "{}: cannot write: {}", path_.string(), std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void AppendFile::sync() {
  if (::fsync(fd_) != 0) fail(ErrorCode::io, "{}: cannot sync: {}", path_.string(), std::strerror(errno));
}

}  // namespace temper::train
