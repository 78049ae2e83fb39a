// objc_msgSend for x86-64 Linux: look the selector up in the receiver's class and jump, with every argument register
// as the caller left it. The unwinder sees the caller directly, so exceptions pass through.
#if defined(__x86_64__)
asm(R"(
.text
.macro METALHOST_SEND name, receiver, selector
.globl \name
.type \name, @function
.p2align 4
\name:
  .cfi_startproc
  test %\receiver, %\receiver
  jz 1f
  mov (%\receiver), %rax            # the class
  mov 8(%rax), %r11                 # its table
  mov (%\selector), %r10d           # the selector's id
  mov (%r11, %r10, 8), %r11
  test %r11, %r11
  jz 2f
  jmp *(%r11)
1:                                  # nil answers nothing
  jmp metalhost_answer_nothing
2:                                  # first time: save the argument registers and ask
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  sub $192, %rsp
  mov %rdi, 0(%rsp)
  mov %rsi, 8(%rsp)
  mov %rdx, 16(%rsp)
  mov %rcx, 24(%rsp)
  mov %r8, 32(%rsp)
  mov %r9, 40(%rsp)
  movups %xmm0, 64(%rsp)
  movups %xmm1, 80(%rsp)
  movups %xmm2, 96(%rsp)
  movups %xmm3, 112(%rsp)
  movups %xmm4, 128(%rsp)
  movups %xmm5, 144(%rsp)
  movups %xmm6, 160(%rsp)
  movups %xmm7, 176(%rsp)
  .ifc \receiver, rsi
  mov %rsi, %rdi
  mov %rdx, %rsi
  .endif
  call metalhost_lookup@PLT
  mov %rax, %r11
  mov 0(%rsp), %rdi
  mov 8(%rsp), %rsi
  mov 16(%rsp), %rdx
  mov 24(%rsp), %rcx
  mov 32(%rsp), %r8
  mov 40(%rsp), %r9
  movups 64(%rsp), %xmm0
  movups 80(%rsp), %xmm1
  movups 96(%rsp), %xmm2
  movups 112(%rsp), %xmm3
  movups 128(%rsp), %xmm4
  movups 144(%rsp), %xmm5
  movups 160(%rsp), %xmm6
  movups 176(%rsp), %xmm7
  leave
  .cfi_def_cfa %rsp, 8
  jmp *%r11
  .cfi_endproc
.size \name, . - \name
.endm

METALHOST_SEND objc_msgSend, rdi, rsi
METALHOST_SEND objc_msgSend_fpret, rdi, rsi
METALHOST_SEND objc_msgSend_stret, rsi, rdx   # rdi holds the result's address

.globl metalhost_answer_nothing
.hidden metalhost_answer_nothing
.type metalhost_answer_nothing, @function
.p2align 4
metalhost_answer_nothing:
  .cfi_startproc
  xor %eax, %eax
  xor %edx, %edx
  pxor %xmm0, %xmm0
  pxor %xmm1, %xmm1
  ret
  .cfi_endproc
.size metalhost_answer_nothing, . - metalhost_answer_nothing
)");
#endif
