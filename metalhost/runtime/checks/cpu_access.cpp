// Accesses of the CPU to bytes that the GPU has in flight: found by faults on closed pages and by checked accessors.
#include "runtime/checks/cpu_access.h"

#include <metalhost/cpu_access.h>
#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "runtime/checks/report.h"
#include "runtime/metal/memory.h"
#include "runtime/objc/send.h"

namespace metalhost {
namespace {

struct sigaction previous_handler;

// Whether the CPU's access is to bytes that the GPU has in flight; if so, what to report. Needs no memory.
bool find_race(Memory& memory, uint64_t begin, uint64_t bytes, bool writes, const char* found_by,
               SignalReport& report) {
  auto nothing_is_ordered = [](const MemoryUse&) { return false; };
  return memory.find_conflict(begin, begin + bytes, writes, nothing_is_ordered, [&](const MemoryUse& use) {
    report.rule = Rule::cpu_gpu_race;
    std::snprintf(report.object, sizeof report.object, "%s", use.object.c_str());
    std::snprintf(report.detail, sizeof report.detail,
                  "the CPU %s bytes %" PRIu64 "..%" PRIu64 " while '%s' %s bytes %" PRIu64 "..%" PRIu64
                  " (found by %s): wait for its command buffer",
                  writes ? "writes" : "reads", begin, begin + bytes, use.command.c_str(),
                  use.writes ? "writes" : "reads", use.begin, use.end, found_by);
  });
}

// Whether the faulting access was a write, as the processor says.
bool is_write(const ucontext_t& context) {
#if defined(__x86_64__)
  return context.uc_mcontext.gregs[REG_ERR] & 2;
#else
  constexpr uint32_t kSyndrome = 0x45535201;  // a record after the registers: magic, size, then the syndrome register
  constexpr uint64_t kWriteNotRead = 1 << 6;
  struct Record {
    uint32_t magic, bytes;
    uint64_t syndrome;
  } record;
  const auto* next = reinterpret_cast<const unsigned char*>(context.uc_mcontext.__reserved);
  const auto* end = next + sizeof context.uc_mcontext.__reserved;
  while (next + sizeof record <= end) {
    std::memcpy(&record, next, sizeof record);
    if (record.magic == kSyndrome) return record.syndrome & kWriteNotRead;
    if (record.bytes == 0) break;
    next += record.bytes;
  }
  return false;
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
    // A page that may be read faults for writes only.
    bool writes = is_write(context) || memory->is_read_only_at(offset);
    SignalReport report;
    if (find_race(*memory, offset, 1, writes, "page protection", report)) {
      report.site = program_counter(context);
      report_from_signal(report);
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

extern "C" {

bool metalhost_may_be_in_flight(const void* address) {
  return metalhost::Memory::may_be_in_flight(address);
}

void metalhost_cpu_access_at(const void* address, std::size_t bytes, bool writes, const void* site) {
  using namespace metalhost;
  if (bytes == 0) return;
  const auto begin = reinterpret_cast<uintptr_t>(address), end = begin + bytes;
  for (const auto& memory : Memory::overlapping(address, bytes)) {
    const auto base = reinterpret_cast<uintptr_t>(memory->cpu());
    const uint64_t first = std::max(begin, base) - base;
    SignalReport report;
    if (find_race(*memory, first, end - base - first, writes, "a checked access", report)) {
      report_from_outside(report.rule, report.object, report.detail, site);
      return;
    }
  }
}

void metalhost_cpu_access(const void* address, std::size_t bytes, bool writes) {
  metalhost_cpu_access_at(address, bytes, writes, __builtin_return_address(0));
}

}  // extern "C"
