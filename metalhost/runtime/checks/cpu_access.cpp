// Accesses of the CPU to bytes that the GPU has in flight: found by faults on closed pages and by checked accessors.
#include "runtime/checks/cpu_access.h"

#include <fmt/format.h>
#include <metalhost/cpu_access.h>
#include <signal.h>
#include <ucontext.h>

#include "runtime/checks/report.h"
#include "runtime/metal/memory.h"
#include "runtime/objc/send.h"

namespace metalhost {
namespace {

struct sigaction previous_handler;

void report_race(const MemoryUse& use, uint64_t begin, uint64_t bytes, bool writes, const char* found_by,
                 CallSite site) {
  report_from_outside(
      Rule::cpu_gpu_race, use.object,
      fmt::format("the CPU {} byte {}{} while '{}' {} bytes {}..{} ({}): wait for its command buffer",
                  writes ? "writes" : "reads", begin, bytes > 1 ? fmt::format(" and {} after it", bytes - 1) : "",
                  use.command, use.writes ? "writes" : "reads", use.begin, use.end, found_by),
      site);
}

std::optional<MemoryUse> conflict(Memory& memory, uint64_t begin, uint64_t bytes, bool writes) {
  return memory.conflict(begin, begin + bytes, writes, [](const MemoryUse&) { return false; });
}

bool is_write([[maybe_unused]] const ucontext_t& context) {
#if defined(__x86_64__)
  return context.uc_mcontext.gregs[REG_ERR] & 2;
#else
  return false;  // judged as a read; a write to bytes that are only read goes unreported here
#endif
}

CallSite program_counter(const ucontext_t& context) {
#if defined(__x86_64__)
  auto counter = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
#else
  auto counter = static_cast<uintptr_t>(context.uc_mcontext.pc);
#endif
  return reinterpret_cast<CallSite>(counter + 1);  // like a return address: just past the instruction's first byte
}

void on_fault(int signal, siginfo_t* info, void* raw_context) {
  if (auto memory = Memory::at(info->si_addr)) {
    const auto& context = *static_cast<const ucontext_t*>(raw_context);
    auto offset = static_cast<uint64_t>(static_cast<const std::byte*>(info->si_addr) - memory->cpu());
    bool writes = is_write(context);
    if (auto use = conflict(*memory, offset, 1, writes)) {
      report_race(*use, offset, 1, writes, "page protection", program_counter(context));
    }
    memory->open_page_at(offset);  // the access goes through: other bytes of the page, or the program wants to go on
    return;
  }
  if (previous_handler.sa_flags & SA_SIGINFO) {
    previous_handler.sa_sigaction(signal, info, raw_context);
  } else {
    ::signal(signal, previous_handler.sa_handler == SIG_IGN ? SIG_IGN : SIG_DFL);  // faults again, and ends the program
  }
}

}  // namespace

void install_fault_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &previous_handler);
}

}  // namespace metalhost

extern "C" void metalhost_cpu_access(const void* address, std::size_t bytes, bool writes) {
  using namespace metalhost;
  auto memory = Memory::at(address);
  if (!memory || bytes == 0) return;
  auto offset = static_cast<uint64_t>(static_cast<const std::byte*>(address) - memory->cpu());
  auto use = conflict(*memory, offset, bytes, writes);
  if (use) report_race(*use, offset, bytes, writes, "checked accessor", __builtin_return_address(0));
}
