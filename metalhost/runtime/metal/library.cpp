#include "runtime/metal/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/compiled_kernel.h"
#include "runtime/objc/define.h"
#include "runtime/settings.h"

namespace metalhost {
namespace {

Ref<Library> make_library(Device& device, std::vector<std::string> names) {
  auto library = make<Library>();
  library->device = &device;
  library->names = std::move(names);
  log_event(EventKind::create, library.get(), "");
  return library;
}

// Bytes of a scalar or short vector MTLDataType; 0 for others.
uint64_t bytes_of_type(uint64_t type) {
  struct Row {
    uint64_t first, bytes;  // the scalar; its vectors of 2, 3, 4 follow it
  };
  for (Row row :
       {Row{3, 4}, {16, 2}, {29, 4}, {33, 4}, {37, 2}, {41, 2}, {45, 1}, {49, 1}, {53, 1}, {81, 8}, {85, 8}}) {
    if (type < row.first || type > row.first + 3) continue;
    uint64_t lanes = type - row.first + 1;
    return row.bytes * (lanes == 3 ? 4 : lanes);
  }
  return 0;
}

bool read_value(FunctionConstants& self, const void* value, uint64_t type, FunctionConstants::Value& out) {
  uint64_t bytes = bytes_of_type(type);
  if (bytes == 0) {
    report(Rule::function_constant, &self, fmt::format("data type {} is not for function constants", type));
    return false;
  }
  out.type = type;
  out.bytes.resize(bytes);
  std::memcpy(out.bytes.data(), value, bytes);
  return true;
}

Ref<Function> new_function(Library& self, const std::string& name, FunctionConstants* values, Error** error) {
  bool listed = std::find(self.names.begin(), self.names.end(), name) != self.names.end();
  auto kernel = !listed ? nullptr : self.object ? compiled_kernel(self.object, name) : find_host_kernel(name);
  if (!kernel) {
    give_error(error, kLibraryErrorDomain, kLibraryErrorFunctionNotFound,
               fmt::format("the library has no function '{}'", name));
    return nullptr;
  }
  auto function = make<Function>();
  function->device = self.device;
  function->kernel = kernel;
  function->source_hash = self.source_hash;
  function->is_specialised = values != nullptr || kernel->constants.empty();
  if (!values) return function;
  for (const auto& constant : kernel->constants) {
    const FunctionConstants::Value* value = nullptr;
    if (auto found = values->by_index.find(constant.index); found != values->by_index.end()) value = &found->second;
    if (auto found = values->by_name.find(constant.name); found != values->by_name.end()) value = &found->second;
    if (!value && !constant.required) continue;
    if (!value || value->type != constant.data_type) {
      report(Rule::function_constant, &self,
             value ? fmt::format("constant '{}' of function '{}' has type {}, set as {}", constant.name, name,
                                 constant.data_type, value->type)
                   : fmt::format("constant '{}' (index {}) of function '{}' is not set", constant.name, constant.index,
                                 name));
      give_error(error, kLibraryErrorDomain, kLibraryErrorCompileFailure,
                 fmt::format("function constant '{}' is not set as the function declares it", constant.name));
      return nullptr;
    }
    function->constants[constant.index] = value->bytes;
  }
  return function;
}

std::vector<std::string> kernels_in(const std::string& source) {
  static const std::regex pattern(R"(\bkernel\s+void\s+(\w+)\s*\()");
  std::vector<std::string> names;
  for (std::sregex_iterator match(source.begin(), source.end(), pattern), end; match != end; ++match) {
    names.push_back((*match)[1]);
  }
  return names;
}

}  // namespace

Ref<Library> new_default_library(Device& device) {
  return make_library(device, host_kernel_names());
}

Ref<Library> new_library_from_object(Device& device, std::shared_ptr<const msl::Object> object) {
  auto library = make_library(device, kernel_names(*object));
  library->object = std::move(object);
  return library;
}

Ref<Library> new_library_from_source(Device& device, const std::string& source, Error** error) {
  auto names = kernels_in(source);
  bool are_host_functions = !names.empty() && std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return find_host_kernel(name) != nullptr;
  });
  if (are_host_functions) return make_library(device, std::move(names));
  try {
    msl::CompileOptions options;
    options.checks = settings().check_kernels;
    auto library = new_library_from_object(device, msl::compile(source, "program_source", options));
    library->source_hash = std::hash<std::string>()(source);
    return library;
  } catch (const msl::CompileError& failure) {
    give_error(error, kLibraryErrorDomain, kLibraryErrorCompileFailure, failure.what());
    return nullptr;
  }
}

Ref<Library> new_library_from_data(Device& device, const std::string& data, Error** error) {
  if (data.starts_with("MTLB")) {  // what Apple's compiler begins its files with
    give_error(error, kLibraryErrorDomain, kLibraryErrorUnsupported,
               "compiled by Apple's compiler: metalhost runs Metal kernels from source");
    return nullptr;
  }
  return new_library_from_source(device, data, error);
}

Ref<Library> new_library_from_file(Device& device, const std::string& path, Error** error) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    give_error(error, kLibraryErrorDomain, kLibraryErrorFileNotFound, fmt::format("{}: no such file", path));
    return nullptr;
  }
  std::stringstream text;
  text << file.rdbuf();
  return new_library_from_data(device, text.str(), error);
}

void register_libraries() {
  ClassBuilder<FunctionConstants>("MTLFunctionConstantValues", root_class(), "C:MTLFunctionConstantValues")
      .method("init", [](FunctionConstants& self) { return &self; })
      .method("setConstantValue:type:atIndex:",
              [](FunctionConstants& self, const void* value, uint64_t type, uint64_t index) {
                FunctionConstants::Value read;
                if (read_value(self, value, type, read)) self.by_index[index] = std::move(read);
              })
      .method("setConstantValue:type:withName:",
              [](FunctionConstants& self, const void* value, uint64_t type, String& name) {
                FunctionConstants::Value read;
                if (read_value(self, value, type, read)) self.by_name[name.text] = std::move(read);
              })
      .method("setConstantValues:type:withRange:",
              [](FunctionConstants& self, const void* values, uint64_t type, Range range) {
                const auto* next = static_cast<const std::byte*>(values);
                for (uint64_t i = 0; i < range.length; ++i, next += bytes_of_type(type)) {
                  FunctionConstants::Value read;
                  if (read_value(self, next, type, read)) self.by_index[range.location + i] = std::move(read);
                }
              })
      .method("reset",
              [](FunctionConstants& self) {
                self.by_index.clear();
                self.by_name.clear();
              })
      .method("copy", [](FunctionConstants& self) {
        auto copy = make<FunctionConstants>();
        copy->by_index = self.by_index;
        copy->by_name = self.by_name;
        return copy;
      });

  ClassBuilder<Function>("MTLFunction", root_class(), "P:MTLFunction")
      .abstract()
      .method("device", [](Function& self) { return self.device; })
      .method("name", [](Function& self) { return make_string(self.kernel->name); })
      .method("label", [](Function& self) { return make_string(self.label); })
      .method("setLabel:", [](Function& self, String* label) { self.label = text_of(label); })
      .method("functionType", [](Function&) { return uint64_t{3}; });  // kernel

  ClassBuilder<Library>("MTLLibrary", root_class(), "P:MTLLibrary")
      .abstract()
      .method("device", [](Library& self) { return self.device; })
      .method("label", [](Library& self) { return make_string(self.label); })
      .method("setLabel:", [](Library& self, String* label) { self.label = text_of(label); })
      .method("type", [](Library&) { return int64_t{0}; })  // executable
      .method("functionNames",
              [](Library& self) {
                std::vector<Ref<Object>> names;
                for (const auto& name : self.names) names.emplace_back(make_string(name));
                return make_array(std::move(names));
              })
      .method("newFunctionWithName:",
              [](Library& self, String& name) { return new_function(self, name.text, nullptr, nullptr); })
      .method("newFunctionWithName:constantValues:error:",
              [](Library& self, String& name, FunctionConstants& values, Error** error) {
                return new_function(self, name.text, &values, error);
              });
}

}  // namespace metalhost
