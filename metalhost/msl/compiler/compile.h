// From Metal source to kernels that can be run.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

// Compiles `source`, which diagnostics call `name`; objects are kept on disk by a hash of everything that went in.
// With `checks` the kernels say before each load and store what they are going to touch.
// Throws CompileError with "file:line:column: error: text" lines.
std::shared_ptr<const Object> compile(const std::string& source, const std::string& name = "program_source",
                                      const std::vector<std::string>& flags = {}, bool checks = false);

// The object with function constants set, by index.
std::shared_ptr<const Object> specialise(const Object& object,
                                         const std::map<uint64_t, std::vector<std::byte>>& values);

}  // namespace metalhost::msl
