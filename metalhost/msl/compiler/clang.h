// How clang is called, and where what it reads and writes lies.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace metalhost::msl {

std::string read_file(const std::filesystem::path& path);
// Readers see a whole file or none.
void write_file(const std::filesystem::path& path, const std::string& text);

// FNV-1a.
uint64_t hash_of(const std::string& text);

// Where compiled kernels are kept.
std::filesystem::path cache_folder();

// The standard library's declarations, as files: written into the cache when a program first needs them.
std::filesystem::path library_folder();
// All of them, for hashes.
const std::string& library_text();

std::string clang();
// Runs clang in `folder`; what it says goes to `said`.
bool run_clang(const std::vector<std::string>& arguments, const std::filesystem::path& folder, std::string& said);

// What kernels are compiled with.
std::vector<std::string> code_flags(bool checks = false);
std::string describe(const std::vector<std::string>& flags);
// The declarations, precompiled once for each set of flags.
std::string precompiled_library(const std::vector<std::string>& flags);

// The output of clang -E. Throws CompileError.
std::string preprocess(const std::string& source, const std::string& name, const std::vector<std::string>& flags);

// A file or folder name in the cache that nothing else has.
std::filesystem::path temporary_path(const std::string& what);

}  // namespace metalhost::msl
