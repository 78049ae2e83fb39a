#include "msl/compiler/compile.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "msl/compiler/clang.h"
#include "msl/config.h"
#include "msl/runner/threadgroups.h"

namespace metalhost::msl {
namespace {

namespace fs = std::filesystem;

// Part of the hash of every object: raise it when what is done with clang's diagnostics changes.
const std::string kPolicy = "policy 3\n";

// Everything that goes into clang, for hashes.
std::string fingerprint(const std::string& text, const std::vector<std::string>& flags) {
  return kPolicy + text + describe(flags) + clang() + library_folder().string() + library_text();
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

std::vector<Diagnostic> errors_of(const std::string& said, const Rewritten& rewritten, SourceLines& lines) {
  const std::string library = library_folder();
  std::vector<Diagnostic> errors;
  for (const ClangMessage& message : parse_clang(said)) {
    // Metal converts to bfloat only explicitly; clang calls such a place a warning.
    const bool is_bfloat = message.severity == ClangMessage::Severity::warning &&
                           message.at.text.find(" to 'bfloat'") != std::string::npos &&
                           !message.at.file.starts_with(library);
    if (message.severity != ClangMessage::Severity::error && !is_bfloat) continue;
    Diagnostic found = in_source(message, library);
    found.text = is_bfloat ? "Metal converts to bfloat only where bfloat(...) is written" : with_advice(found.text);
    const std::size_t token = token_at(rewritten.tokens, found.file, found.line, found.column);
    if (token < rewritten.tokens.size()) found.column = lines.column_of(rewritten.tokens, token);
    if (std::find(errors.begin(), errors.end(), found) == errors.end()) errors.push_back(std::move(found));
  }
  return errors;
}

Rewritten rewrite_source(const std::string& source, const std::string& name, const CompileOptions& options) {
  Rewritten rewritten = rewrite(preprocess(source, name, options.flags), {.house_rules = options.house_rules});
  if (rewritten.complaints.empty()) return rewritten;
  SourceLines lines(name, source);
  throw CompileError(complaints_in_source(rewritten, lines));
}

std::shared_ptr<const Object> compile(const std::string& source, const std::string& name,
                                      const CompileOptions& options) {
  const Rewritten rewritten = rewrite_source(source, name, options);
  const std::string text = rewritten.text();
  std::vector<std::string> arguments = code_flags(options.checks);
  uint64_t hash = hash_of(fingerprint(text, arguments));
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  fs::path object = cache_folder() / fmt::format("{:016x}.so", hash);
  if (fs::exists(object)) return std::make_shared<Object>(object);
  fs::path written = cache_folder() / fmt::format("{:016x}.{}.cpp", hash, getpid()),
           temporary = temporary_path("object");
  write_file(written, text);
  std::string header = precompiled_library(arguments);
  for (const std::string& more : {std::string("-shared"), std::string("-include-pch"), header, written.string(),
                                  std::string("-o"), temporary.string(), std::string("-lm")}) {
    arguments.push_back(more);
  }
  std::string said;
  bool good = run_clang(arguments, cache_folder(), said);
  if (!std::getenv("METALHOST_KEEP_SOURCE")) fs::remove(written);
  SourceLines lines(name, source);
  std::vector<Diagnostic> errors = errors_of(said, rewritten, lines);
  if (!errors.empty() || !good) {
    fs::remove(temporary);
    if (errors.empty()) throw CompileError(said);
    throw CompileError(std::move(errors));
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
