// From Metal source to kernels that can be run.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "msl/compiler/diagnostics.h"
#include "msl/compiler/rewriter.h"
#include "msl/include/compile/metalhost_interface.h"

namespace metalhost::msl {

// A compiled kernel object in this process; kernels and constants point into it.
class Object {
 public:
  Object(const std::string& path);
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  const std::string& path() const { return path_; }
  std::vector<const KernelEntry*> kernels() const;
  std::vector<const ConstantEntry*> constants() const;
  const KernelEntry* find(const std::string& name) const;  // null: none of that name
  // Whether its kernels say what they access; then where the object lies in memory.
  bool checks_accesses() const { return checks_accesses_; }
  std::span<const std::byte> image() const;

 private:
  std::string path_;
  void* handle_ = nullptr;
  bool checks_accesses_ = false;
};

struct CompileOptions {
  std::vector<std::string> flags;  // -I FOLDER, -D NAME=VALUE
  // Off: what Metal accepts and our rules don't, such as buffer arguments without their index.
  bool house_rules = true;
  // The kernels say before each load and store what they are going to touch.
  bool checks = false;
};

// Compiles `source`, which diagnostics call `name` and whose folder quoted includes are looked for in; objects are kept
// on disk by a hash of everything that went in. Throws CompileError.
std::shared_ptr<const Object> compile(const std::string& source, const std::string& name = "program_source",
                                      const CompileOptions& options = {});

// The parts of it, for lint: the front end, and clang's messages as errors in the source.
Rewritten rewrite_source(const std::string& source, const std::string& name, const CompileOptions& options);
std::vector<Diagnostic> errors_of(const std::string& said, const Rewritten& rewritten, SourceLines& lines);

// The object with function constants set, by index.
std::shared_ptr<const Object> specialise(const Object& object,
                                         const std::map<uint64_t, std::vector<std::byte>>& values);

}  // namespace metalhost::msl
