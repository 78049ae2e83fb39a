#include "runtime/metal/binary_archive.h"

#include <fmt/format.h>

#include <fstream>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/metal/library.h"
#include "runtime/metal/pipeline.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

constexpr const char* kDomain = "MTLBinaryArchiveDomain";
constexpr int64_t kInvalidFile = 1, kUnexpectedElement = 2, kInternalError = 4;

// The first line of an archive's file; the names follow, one a line, and `kLastLine`.
std::string first_line(const Device& device) {
  return fmt::format("metalhost binary archive 1, {}", device.profile.name);
}
constexpr std::string_view kLastLine = "end";

bool add(BinaryArchive& self, ComputePipelineDescriptor& descriptor, Error** error) {
  if (!descriptor.function) {
    report(Rule::nil_argument, &descriptor, "computeFunction is not set");
    return false;
  }
  if (!check_same_device(self, self.device, descriptor.function->device)) return false;
  if (!descriptor.function->is_specialised) {
    report(Rule::function_constant, descriptor.function.get(),
           "it has function constants: make it with newFunctionWithName:constantValues:");
    give_error(error, kDomain, kUnexpectedElement, "function constants are not set");
    return false;
  }
  self.functions.insert(archived_name(*descriptor.function));
  return true;
}

bool serialize(const BinaryArchive& self, const Url& url, Error** error) {
  std::ofstream file(url.path, std::ios::binary);
  file << first_line(*self.device) << '\n';
  for (const std::string& name : self.functions) file << name << '\n';
  file << kLastLine << '\n';
  file.close();
  if (file) return true;
  give_error(error, kDomain, kInternalError, fmt::format("{}: can't be written", url.path));
  return false;
}

}  // namespace

std::string archived_name(const Function& function) {
  std::string name = fmt::format("{} {:016x}", function.kernel->name, function.source_hash);
  for (const auto& [index, bytes] : function.constants) {
    name += fmt::format(" {}=", index);
    for (const std::byte byte : bytes) name += fmt::format("{:02x}", std::to_integer<int>(byte));
  }
  return name;
}

Ref<BinaryArchive> new_binary_archive(Device& device, BinaryArchiveDescriptor& descriptor, Error** error) {
  auto archive = make<BinaryArchive>();
  archive->device = &device;
  log_event(EventKind::create, archive.get(), "");
  if (!descriptor.url) return archive;
  std::ifstream file(descriptor.url->path, std::ios::binary);
  std::string line;
  const bool is_archive = std::getline(file, line) && line == first_line(device);
  while (is_archive && std::getline(file, line) && line != kLastLine) archive->functions.insert(line);
  if (is_archive && line == kLastLine) return archive;
  give_error(error, kDomain, kInvalidFile,
             fmt::format("{}: not a binary archive of this device", descriptor.url->path));
  return nullptr;
}

void register_binary_archives() {
  using D = BinaryArchiveDescriptor;
  ClassBuilder<D>("MTLBinaryArchiveDescriptor", root_class(), "C:MTLBinaryArchiveDescriptor")
      .method("init", [](D& self) { return &self; })
      .method("url", [](D& self) { return self.url.get(); })
      .method("setUrl:", [](D& self, Url* url) { self.url = Ref<Url>(url); });

  using A = BinaryArchive;
  ClassBuilder<A>("MTLBinaryArchive", root_class(), "P:MTLBinaryArchive")
      .abstract()
      .method("device", [](A& self) { return self.device; })
      .method("label", [](A& self) { return make_string(self.label); })
      .method("setLabel:", [](A& self, String* label) { self.label = text_of(label); })
      .method(
          "addComputePipelineFunctionsWithDescriptor:error:",
          [](A& self, ComputePipelineDescriptor& descriptor, Error** error) { return add(self, descriptor, error); })
      .method("serializeToURL:error:", [](A& self, Url& url, Error** error) { return serialize(self, url, error); });
}

}  // namespace metalhost
