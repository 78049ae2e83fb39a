#include "msl/compiler/compile.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "msl/compiler/rewriter.h"
#include "msl/compiler/tokens.h"
#include "msl/config.h"
#include "msl/runner/threadgroups.h"

extern char** environ;

namespace metalhost::msl {
namespace {

namespace fs = std::filesystem;

// Part of the hash of every object: raise it when what is done with clang's diagnostics changes.
const std::string kPolicy = "policy 2\n";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Readers see a whole file or none.
void write_file(const fs::path& path, const std::string& text) {
  static std::atomic<int> serial{0};
  fs::path temporary = path;
  temporary += fmt::format(".{}.{}", getpid(), ++serial);
  std::ofstream(temporary, std::ios::binary) << text;
  fs::rename(temporary, path);
}

fs::path cache_folder() {
  static const fs::path folder = [] {
    const char* chosen = std::getenv("METALHOST_CACHE");
    fs::path path = METALHOST_KERNEL_CACHE;  // of the build, while it is there
    if (!fs::exists(path.parent_path())) path = fs::temp_directory_path() / fmt::format("metalhost-{}", getuid());
    if (chosen) path = chosen;
    fs::create_directories(path);
    return path;
  }();
  return folder;
}

fs::path library_folder() {
  const char* chosen = std::getenv("METALHOST_MSL_INCLUDE");
  return chosen ? chosen : METALHOST_MSL_INCLUDE;
}

std::string clang() {
  const char* chosen = std::getenv("METALHOST_CLANG");
  return chosen ? chosen : METALHOST_CLANG;
}

uint64_t hash_of(const std::string& text) {  // FNV-1a
  uint64_t hash = 14695981039346656037u;
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  return hash;
}

// Runs clang; what it says goes to `said`.
bool run_clang(const std::vector<std::string>& arguments, const fs::path& folder, std::string& said) {
  static std::atomic<int> serial{0};
  fs::path log = cache_folder() / fmt::format("log.{}.{}", getpid(), ++serial);
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
    for (const char* flag :
         {"-O1", "-fsanitize=kernel-address", "-fno-optimize-sibling-calls", "-DMETALHOST_CHECK_ACCESSES=1"})
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

// Everything that kernels are compiled against, for hashes.
const std::string& library_text() {
  static const std::string text = [] {
    std::set<fs::path> headers;  // in one order everywhere
    for (const auto& header : fs::directory_iterator(library_folder() / "compile")) headers.insert(header.path());
    std::string all = read_file(library_folder() / "preprocess/metal_stdlib");
    for (const auto& header : headers) all += read_file(header);
    return all;
  }();
  return text;
}

// The declarations, precompiled once for each set of flags.
std::string precompiled_library(const std::vector<std::string>& flags) {
  fs::path path =
      cache_folder() / fmt::format("library-{:016x}.pch", hash_of(library_text() + describe(flags) + clang()));
  if (fs::exists(path)) return path;
  fs::path temporary = path;
  temporary += fmt::format(".{}", getpid());
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
  static std::atomic<int> serial{0};
  fs::path folder = cache_folder() / fmt::format("source.{}.{}", getpid(), ++serial);
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
                                        library_folder() / "preprocess",
                                        "-I",
                                        fs::path(name).parent_path() / "."};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  for (const char* more : {"in.metal", "-o", "out.cpp"}) arguments.push_back(more);
  std::string said;
  bool good = run_clang(arguments, folder, said);
  std::string out = read_file(folder / "out.cpp");
  fs::remove_all(folder);
  if (!good) throw CompileError(said);
  return out;
}

// Metal converts to bfloat only explicitly; clang calls such a place a warning.
std::string bfloat_errors(const std::string& said) {
  const std::string of_library = (library_folder() / "compile").string();
  std::string out;
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    std::size_t warning = line.find("warning: ");
    if (warning == std::string::npos || line.find(" to 'bfloat'") == std::string::npos ||
        line.starts_with(of_library)) {
      continue;
    }
    out += line.substr(0, warning) + "error: Metal converts to bfloat only where bfloat(...) is written\n";
  }
  return out;
}

std::string only_errors(const std::string& said) {
  std::string out;
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("warning: ") == std::string::npos) out += line + "\n";
  }
  return out;
}

}  // namespace

Object::Object(const std::string& path) : path_(path) {
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle_) throw CompileError(fmt::format("{}: {}", path, dlerror()));
  auto* set = reinterpret_cast<void (*)(const Runtime*)>(dlsym(handle_, "metalhost_set_runtime"));
  set(&runtime_table());
  checks_accesses_ = dlsym(handle_, "metalhost_checks_accesses") != nullptr;
}

Object::~Object() {
  // ThreadSanitizer and leak reports name functions of the object after it was used.
  if (!METALHOST_MSL_ASAN && !METALHOST_MSL_TSAN) dlclose(handle_);
}

std::vector<const KernelEntry*> Object::kernels() const {
  std::vector<const KernelEntry*> out;
  for (auto* entry = static_cast<const KernelEntry*>(dlsym(handle_, "metalhost_kernels")); entry->name; ++entry) {
    out.push_back(entry);
  }
  return out;
}

std::vector<const ConstantEntry*> Object::constants() const {
  std::vector<const ConstantEntry*> out;
  for (auto* entry = static_cast<const ConstantEntry*>(dlsym(handle_, "metalhost_constants")); entry->name; ++entry) {
    out.push_back(entry);
  }
  return out;
}

std::span<const std::byte> Object::image() const {
  struct Search {
    uintptr_t inside, begin, end;
  } search{reinterpret_cast<uintptr_t>(dlsym(handle_, "metalhost_kernels")), 0, 0};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        uintptr_t begin = UINTPTR_MAX, end = 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD) continue;
          begin = std::min<uintptr_t>(begin, info->dlpi_addr + segment.p_vaddr);
          end = std::max<uintptr_t>(end, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
        }
        if (wanted.inside < begin || wanted.inside >= end) return 0;
        wanted.begin = begin;
        wanted.end = end;
        return 1;
      },
      &search);
  return {reinterpret_cast<const std::byte*>(search.begin), search.end - search.begin};
}

const KernelEntry* Object::find(const std::string& name) const {
  for (const auto* kernel : kernels()) {
    if (kernel->name == name) return kernel;
  }
  return nullptr;
}

std::shared_ptr<const Object> compile(const std::string& source, const std::string& name,
                                      const std::vector<std::string>& flags, bool checks) {
  std::string preprocessed = preprocess(source, name, flags);
  std::vector<std::string> arguments = code_flags(checks);
  std::string text = rewrite_for_host(preprocessed);
  uint64_t hash = hash_of(kPolicy + text + describe(arguments) + clang() + library_text());
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  fs::path object = cache_folder() / fmt::format("{:016x}.so", hash);
  if (fs::exists(object)) return std::make_shared<Object>(object);
  fs::path rewritten = cache_folder() / fmt::format("{:016x}.{}.cpp", hash, getpid()), temporary = object;
  temporary += fmt::format(".{}", getpid());
  write_file(rewritten, text);
  std::string header = precompiled_library(arguments);
  for (const std::string& more : {std::string("-shared"), std::string("-include-pch"), header, rewritten.string(),
                                  std::string("-o"), temporary.string(), std::string("-lm")}) {
    arguments.push_back(more);
  }
  std::string said;
  bool good = run_clang(arguments, cache_folder(), said);
  if (!std::getenv("METALHOST_KEEP_SOURCE")) fs::remove(rewritten);
  std::string errors = good ? bfloat_errors(said) : only_errors(said);
  if (!errors.empty() || !good) {
    fs::remove(temporary);
    throw CompileError(errors);
  }
  fs::rename(temporary, object);
  return std::make_shared<Object>(object);
}

std::shared_ptr<const Object> specialise(const Object& object,
                                         const std::map<uint64_t, std::vector<std::byte>>& values) {
  std::string file = read_file(object.path());
  std::size_t at = file.find(kConstantsMagic);
  if (at == std::string::npos) throw CompileError(object.path() + ": has no block of function constants");
  ConstantBlock block;
  std::memcpy(&block, file.data() + at, sizeof block);
  std::size_t slot = 0;
  for (const auto* constant : object.constants()) {
    if (auto value = values.find(static_cast<uint64_t>(constant->index)); value != values.end()) {
      block.is_set[slot] = 2;
      std::memcpy(block.values[slot], value->second.data(), std::min<std::size_t>(value->second.size(), 32));
    }
    ++slot;
  }
  std::memcpy(file.data() + at, &block, sizeof block);
  fs::path path = object.path();
  path.replace_extension(fmt::format("{:016x}.so", hash_of(file)));
  if (!fs::exists(path)) write_file(path, file);
  return std::make_shared<Object>(path);
}

}  // namespace metalhost::msl
