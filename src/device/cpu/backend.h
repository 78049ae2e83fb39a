#pragma once

#include "device/backend.h"

namespace temper::cpu {

/// The CPU backend, also for backends that leave some ops to it.
std::shared_ptr<Backend> make_backend(Device device, const BackendOptions& options);

}  // namespace temper::cpu
