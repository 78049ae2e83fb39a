#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "temper/error.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

/// An empty folder that disappears with the test.
class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = (fs::temp_directory_path() / "temper-file-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FileTest() override { fs::remove_all(folder_); }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(folder_)) result.push_back(entry.path().filename());
    return result;
  }
  fs::path folder_;
};

template <class Work>
ErrorCode code_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST_F(FileTest, AnAtomicFileAppearsAtCommitOnly) {
  AtomicFile file(folder_ / "a");
  file.write("new");
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  file.commit();
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(FileTest, WithoutCommitTheOldContentsStayAndNothingIsLeftBehind) {
  write_file_atomic(folder_ / "a", "old");
  {
    AtomicFile file(folder_ / "a");
    file.write("new");
  }
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(FileTest, AFolderThatIsMissingIsAnError) {
  EXPECT_NE(code_of([&] { write_file_atomic(folder_ / "none" / "a", "x"); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { read_file(folder_ / "a"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { MappedFile file(folder_ / "a"); }), ErrorCode::not_found);
  EXPECT_TRUE(names().empty());
}

/// Files of this process can't grow past a limit, as if the disk were full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*old_handler_)(int);
  rlimit old_limit_{};
};

TEST_F(FileTest, AWriteThatFailsIsAnErrorThatNamesThePathAndLeavesNothing) {
  std::string message;
  ErrorCode code = ErrorCode::internal;
  {
    const FullDisk full(4096);
    try {
      write_file_atomic(folder_ / "a", std::string(1 << 20, 'x'));
    } catch (const Error& error) {
      code = error.code();
      message = error.what();
    }
  }
  EXPECT_EQ(code, ErrorCode::io);
  EXPECT_NE(message.find((folder_ / "a").string()), std::string::npos) << message;
  EXPECT_TRUE(names().empty());
}

TEST_F(FileTest, AFolderIsWrittenAsAWholeOrNotAtAll) {
  EXPECT_THROW(write_folder_atomic(folder_ / "step-1",
                                   [](const fs::path& inside) {
                                     std::ofstream(inside / "part") << "half";
                                     throw Error(ErrorCode::interrupted, "stop");
                                   }),
               Error);
  EXPECT_TRUE(names().empty());
  write_folder_atomic(folder_ / "step-1", [](const fs::path& inside) { std::ofstream(inside / "part") << "all"; });
  EXPECT_EQ(read_file(folder_ / "step-1" / "part"), "all");
  EXPECT_EQ(names(), std::vector<std::string>{"step-1"});
}

TEST_F(FileTest, ReadFileRefusesWhatIsTooLarge) {
  write_file_atomic(folder_ / "a", "12345");
  EXPECT_EQ(read_file(folder_ / "a", 5), "12345");
  EXPECT_THROW(read_file(folder_ / "a", 4), Error);
}

TEST_F(FileTest, AnEmptyFileMapsToNothing) {
  write_file_atomic(folder_ / "empty", "");
  EXPECT_TRUE(MappedFile(folder_ / "empty").bytes().empty());
  write_file_atomic(folder_ / "a", "xyz");
  EXPECT_EQ(MappedFile(folder_ / "a").bytes().size(), 3u);
}

/// Memory of mapped files that the process holds, where the system tells.
int64_t resident_file_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0, shared = 0;
  statm >> size >> resident >> shared;
  return shared * ::sysconf(_SC_PAGESIZE);
}

TEST_F(FileTest, ReleasedPagesLeaveMemoryAndComeBackWhenRead) {
  std::string text(size_t{8} << 20, 'x');
  for (size_t i = 0; i < text.size(); i += 1000) text[i] = static_cast<char>('a' + i / 1000 % 26);
  write_file_atomic(folder_ / "large", text);
  const MappedFile file(folder_ / "large");
  const auto contents = [&] {
    return std::string_view(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  };
  EXPECT_EQ(contents(), text);
  const int64_t held = resident_file_bytes();
  release_mapped_pages(file.bytes());
  if (held > 0) {
    EXPECT_LT(resident_file_bytes(), held - (int64_t{7} << 20));
  }
  EXPECT_EQ(contents(), text);
  release_mapped_pages(file.bytes().subspan(10, 20));  // less than a page: nothing to do
  release_mapped_pages({});
}

}  // namespace
}  // namespace temper
