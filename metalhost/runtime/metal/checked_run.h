// Runs a kernel that was compiled with checks, and reports what it did to memory that it must not do.
#pragma once
#include "msl/compiler/compile.h"
#include "runtime/metal/bound_blocks.h"

namespace metalhost {

void run_checked(const msl::Object& object, const msl::KernelEntry& kernel, const Dispatch& dispatch,
                 std::span<const BoundBlock> blocks, msl::Launch launch);

}  // namespace metalhost
