#include "msl/runner/fiber.h"

#include <cstdint>
#include <cstring>

namespace metalhost::msl {

#if defined(__x86_64__)
// System V: rbx, rbp, r12 to r15 belong to the caller.
asm(R"(
.text
.globl metalhost_switch_stack
.type metalhost_switch_stack,@function
metalhost_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size metalhost_switch_stack, .-metalhost_switch_stack
)");

void* new_stack_state(std::byte* stack, std::size_t bytes, void (*entry)()) {
  auto top = (reinterpret_cast<uintptr_t>(stack) + bytes) & ~uintptr_t{63};
  auto* words = reinterpret_cast<uintptr_t*>(top);
  words[-1] = 0;
  words[-2] = reinterpret_cast<uintptr_t>(entry);
  for (int i = 3; i <= 8; ++i) words[-i] = 0;
  return words - 8;
}
#elif defined(__aarch64__)
// AAPCS64: x19 to x30 and d8 to d15 belong to the caller.
asm(R"(
.text
.globl metalhost_switch_stack
.type metalhost_switch_stack,%function
metalhost_switch_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size metalhost_switch_stack, .-metalhost_switch_stack
)");

void* new_stack_state(std::byte* stack, std::size_t bytes, void (*entry)()) {
  auto top = (reinterpret_cast<uintptr_t>(stack) + bytes) & ~uintptr_t{63};
  auto* words = reinterpret_cast<uintptr_t*>(top - 160);
  std::memset(words, 0, 160);
  words[11] = reinterpret_cast<uintptr_t>(entry);  // x30
  return words;
}
#else
#error "metalhost switches stacks on x86-64 and aarch64"
#endif

}  // namespace metalhost::msl
