// The host functions that stand for kernels.
#pragma once
#include <metalhost/host_kernel.h>

#include <memory>

namespace metalhost {

std::shared_ptr<const HostKernel> find_host_kernel(const std::string& name);
std::vector<std::string> host_kernel_names();

}  // namespace metalhost
