#include "msl/compiler/clang.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "msl/compiler/diagnostics.h"
#include "msl/compiler/library_files.h"
#include "msl/config.h"

extern char** environ;

namespace metalhost::msl {
namespace {

namespace fs = std::filesystem;

fs::path written_library() {
  fs::path folder = cache_folder() / fmt::format("msl-library-{:016x}", hash_of(library_text()));
  if (fs::exists(folder)) return folder;
  fs::path temporary = temporary_path("library");
  for (const LibraryFile& file : library_files()) {
    fs::path path = temporary / file.name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << file.text;
  }
  std::error_code error;  // another process may have been first
  fs::rename(temporary, folder, error);
  if (error) fs::remove_all(temporary);
  return folder;
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

fs::path temporary_path(const std::string& what) {
  static std::atomic<int> serial{0};
  return cache_folder() / fmt::format("{}.{}.{}", what, getpid(), ++serial);
}

void write_file(const fs::path& path, const std::string& text) {
  fs::path temporary = temporary_path(path.filename());
  std::ofstream(temporary, std::ios::binary) << text;
  fs::rename(temporary, path);
}

uint64_t hash_of(const std::string& text) {
  uint64_t hash = 14695981039346656037u;
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  return hash;
}

fs::path cache_folder() {
  static const fs::path folder = [] {
    const char* chosen = std::getenv("METALHOST_CACHE");
    fs::path path = METALHOST_KERNEL_CACHE;  // of the build, while it is there
    if (!fs::exists(path.parent_path())) path = fs::temp_directory_path() / fmt::format("metalhost-{}", getuid());
    if (chosen) path = fs::absolute(chosen);
    fs::create_directories(path);
    return path;
  }();
  return folder;
}

fs::path library_folder() {
  static const fs::path folder = written_library();
  return folder;
}

const std::string& library_text() {
  static const std::string text = [] {
    std::string all;
    for (const LibraryFile& file : library_files()) all += fmt::format("{}\n{}", file.name, file.text);
    return all;
  }();
  return text;
}

std::string clang() {
  const char* chosen = std::getenv("METALHOST_CLANG");
  return chosen ? chosen : METALHOST_CLANG;
}

bool run_clang(const std::vector<std::string>& arguments, const fs::path& folder, std::string& said) {
  fs::path log = temporary_path("log");
  std::string program = clang();
  std::vector<char*> argv = {program.data()};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t child = 0;
  int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed) throw CompileError(program + ": could not be started: install clang 19, or name it with METALHOST_CLANG");
  int status = 0;
  waitpid(child, &status, 0);
  said = read_file(log);
  fs::remove(log);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::vector<std::string> code_flags(bool checks) {
  std::vector<std::string> flags = {"-std=c++20",
                                    "-O2",
                                    "-g1",
                                    "-fPIC",
                                    "-fvisibility=hidden",
                                    "-ffp-contract=off",
                                    "-fno-exceptions",
                                    "-fno-rtti",
                                    "-fno-math-errno",
                                    "-Wno-everything",
                                    "-Wimplicit-float-conversion",
                                    "-ftemplate-backtrace-limit=4",
                                    "-fno-caret-diagnostics",
                                    "-fpch-validate-input-files-content",  // a checkout changes times alone
                                    "-Xclang",
                                    "-ffloat16-excess-precision=none",
                                    "-Xclang",
                                    "-fbfloat16-excess-precision=none"};
  if (checks) {
    // The checks take a sanitizer's place. Lines stay exact where little is optimised.
    for (const char* flag : {"-O1", "-fsanitize=kernel-address,alignment", "-fsanitize-recover=alignment",
                             "-fno-optimize-sibling-calls", "-DMETALHOST_CHECK_ACCESSES=1"})
      flags.push_back(flag);
    for (const char* option :
         {"-asan-instrumentation-with-call-threshold=0", "-asan-memory-access-callback-prefix=metalhost_",
          "-asan-kernel-mem-intrinsic-prefix=1", "-asan-stack=0", "-asan-globals=0", "-asan-opt-same-temp=0",
          "-asan-instrument-atomics=0"}) {
      flags.push_back("-mllvm");
      flags.push_back(option);
    }
    return flags;
  }
  if (METALHOST_MSL_ASAN) {
    flags.push_back("-fsanitize=address");
    // Else every fibre makes a fake stack of megabytes.
    flags.push_back("-fsanitize-address-use-after-return=never");
  }
  if (METALHOST_MSL_TSAN) flags.push_back("-fsanitize=thread");
  return flags;
}

std::string describe(const std::vector<std::string>& flags) {
  std::string out;
  for (const auto& flag : flags) out += flag + "\n";
  return out;
}

std::string precompiled_library(const std::vector<std::string>& flags) {
  fs::path path =
      cache_folder() / fmt::format("library-{:016x}.pch",
                                   hash_of(library_folder().string() + library_text() + describe(flags) + clang()));
  if (fs::exists(path)) return path;
  fs::path temporary = temporary_path("library.pch");
  std::vector<std::string> arguments = flags;
  for (const char* more : {"-x", "c++-header"}) arguments.push_back(more);
  arguments.push_back(library_folder() / "compile/metal_library.h");
  arguments.push_back("-o");
  arguments.push_back(temporary);
  if (std::string said; !run_clang(arguments, cache_folder(), said)) throw CompileError(said);
  fs::rename(temporary, path);
  return path;
}

std::string preprocess(const std::string& source, const std::string& name, const std::vector<std::string>& flags) {
  fs::path folder = temporary_path("source");
  fs::create_directories(folder);
  std::ofstream(folder / "in.metal", std::ios::binary) << "#line 1 \"" << name << "\"\n" << source;
  std::vector<std::string> arguments = {"-E",
                                        "-x",
                                        "c++",
                                        "-std=c++20",
                                        "-w",
                                        "-nostdinc",
                                        "-fno-caret-diagnostics",
                                        "-I",
                                        library_folder() / "preprocess"};
  if (fs::path parent = fs::path(name).parent_path(); !parent.empty() || fs::exists(name)) {
    arguments.push_back("-iquote");
    arguments.push_back(fs::absolute(parent / "."));
  }
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  for (const char* more : {"in.metal", "-o", "out.cpp"}) arguments.push_back(more);
  std::string said;
  bool good = run_clang(arguments, folder, said);
  std::string out = read_file(folder / "out.cpp");
  fs::remove_all(folder);
  if (good) return out;
  std::vector<Diagnostic> diagnostics;
  for (const ClangMessage& message : parse_clang(said)) {
    if (message.severity != ClangMessage::Severity::error) continue;
    diagnostics.push_back(message.at);
    diagnostics.back().text = with_advice(message.at.text);
  }
  if (diagnostics.empty()) throw CompileError(said);
  throw CompileError(std::move(diagnostics));
}

}  // namespace metalhost::msl
