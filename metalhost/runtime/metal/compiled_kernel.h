// Kernels compiled from Metal source, as the runtime dispatches them.
#pragma once
#include <metalhost/host_kernel.h>

#include <memory>

#include "msl/compiler/compile.h"
#include "msl/compiler/tokens.h"

namespace metalhost {

std::vector<std::string> kernel_names(const msl::Object& object);
std::shared_ptr<const HostKernel> compiled_kernel(std::shared_ptr<const msl::Object> object, const std::string& name);

}  // namespace metalhost
