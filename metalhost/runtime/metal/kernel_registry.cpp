#include "runtime/metal/kernel_registry.h"

#include <mutex>

namespace metalhost {
namespace {

struct Kernels {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const HostKernel>> by_name;
};
Kernels& kernels() {
  static Kernels* instance = new Kernels;
  return *instance;
}

}  // namespace

void register_host_kernel(HostKernel kernel) {
  std::lock_guard lock(kernels().mutex);
  auto name = kernel.name;
  kernels().by_name[name] = std::make_shared<const HostKernel>(std::move(kernel));
}

std::shared_ptr<const HostKernel> find_host_kernel(const std::string& name) {
  std::lock_guard lock(kernels().mutex);
  auto found = kernels().by_name.find(name);
  return found == kernels().by_name.end() ? nullptr : found->second;
}

std::vector<std::string> host_kernel_names() {
  std::vector<std::string> names;
  std::lock_guard lock(kernels().mutex);
  for (const auto& [name, kernel] : kernels().by_name) names.push_back(name);
  return names;
}

}  // namespace metalhost
