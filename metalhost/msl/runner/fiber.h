// Switching between stacks.
#pragma once
#include <cstddef>

namespace metalhost::msl {

// Saves the callee-saved registers and the stack pointer in *save, and goes on where `to` was saved.
extern "C" void metalhost_switch_stack(void** save, void* to);

// The saved state of a stack that has not run: it enters `entry`, which must not return.
void* new_stack_state(std::byte* stack, std::size_t bytes, void (*entry)());

}  // namespace metalhost::msl
