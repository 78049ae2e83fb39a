// objc_msgSend for aarch64 Linux; see send_x86_64.cpp. One entry point serves all results: x8 holds the address of a
// struct result and is left alone.
#if defined(__aarch64__)
asm(R"(
.text
.globl objc_msgSend
.type objc_msgSend, %function
.p2align 4
objc_msgSend:
  .cfi_startproc
  cbz x0, metalhost_answer_nothing
  ldr x9, [x0]                      // the class
  ldr x9, [x9, #8]                  // its table
  ldr w10, [x1]                     // the selector's id
  ldr x17, [x9, x10, lsl #3]
  cbz x17, 1f
  ldr x17, [x17]
  br x17
1:                                  // first time: save the argument registers and ask
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset x29, -16
  .cfi_offset x30, -8
  mov x29, sp
  .cfi_def_cfa_register x29
  sub sp, sp, #208
  stp x0, x1, [sp]
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  str x8, [sp, #64]
  stp q0, q1, [sp, #80]
  stp q2, q3, [sp, #112]
  stp q4, q5, [sp, #144]
  stp q6, q7, [sp, #176]
  bl metalhost_lookup
  mov x17, x0
  ldp x0, x1, [sp]
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldr x8, [sp, #64]
  ldp q0, q1, [sp, #80]
  ldp q2, q3, [sp, #112]
  ldp q4, q5, [sp, #144]
  ldp q6, q7, [sp, #176]
  mov sp, x29
  .cfi_def_cfa_register sp
  ldp x29, x30, [sp], #16
  .cfi_def_cfa_offset 0
  br x17
  .cfi_endproc
.size objc_msgSend, . - objc_msgSend

.globl metalhost_answer_nothing
.hidden metalhost_answer_nothing
.type metalhost_answer_nothing, %function
.p2align 4
metalhost_answer_nothing:
  .cfi_startproc
  mov x0, xzr
  mov x1, xzr
  movi d0, #0
  movi d1, #0
  movi d2, #0
  movi d3, #0
  ret
  .cfi_endproc
.size metalhost_answer_nothing, . - metalhost_answer_nothing
)");
#endif
