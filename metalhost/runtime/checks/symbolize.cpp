#include "runtime/checks/symbolize.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <mutex>
#include <string_view>

#if METALHOST_HAS_BACKTRACE
#include <backtrace.h>
#endif

namespace metalhost {
namespace {

[[maybe_unused]] bool is_wrapper(std::string_view file) {
  for (std::string_view part : {"/Foundation/NS", "/Metal/MTL", "/objc/message.h", "/mps.hpp", "/mps/MPS"}) {
    if (file.find(part) != file.npos) return true;
  }
  return false;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

#if METALHOST_HAS_BACKTRACE
// The state is shared by all threads; libbacktrace locks nothing when told that there is one thread.
std::string line_of(uintptr_t address) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  static backtrace_state* state = backtrace_create_state(
      nullptr, 0, [](void*, const char*, int) {}, nullptr);
  if (!state) return {};
  std::string found;
  auto frame = [](void* out, uintptr_t, const char* file, int line, const char*) -> int {
    if (!file || is_wrapper(file)) return 0;  // innermost first: go on outwards
    *static_cast<std::string*>(out) = fmt::format("{}:{}", base_name(file), line);
    return 1;
  };
  backtrace_pcinfo(
      state, address, frame, [](void*, const char*, int) {}, &found);
  return found;
}
#endif

}  // namespace

std::string symbolize(CallSite site) {
  if (!site) return {};
#if METALHOST_HAS_BACKTRACE
  // The call lies before the address it returns to.
  std::string line = line_of(reinterpret_cast<uintptr_t>(site) - 1);
  if (!line.empty()) return line;
#endif
  Dl_info info;
  if (!dladdr(site, &info)) return fmt::format("{}", site);
  if (info.dli_sname) return info.dli_sname;
  auto offset = reinterpret_cast<uintptr_t>(site) - reinterpret_cast<uintptr_t>(info.dli_fbase);
  return fmt::format("{}+{:#x}", base_name(info.dli_fname), offset);
}

}  // namespace metalhost
