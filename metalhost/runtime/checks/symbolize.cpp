#include "runtime/checks/symbolize.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <metalhost/report.h>
#include <unwind.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#if METALHOST_HAS_BACKTRACE
#include <backtrace.h>
#endif

namespace metalhost {
namespace {

struct Wrappers {
  std::mutex mutex;
  std::vector<std::string> paths = {"/Foundation/NS", "/Metal/MTL", "/objc/message.h", "/metalhost/cpu_access.h",
                                    "/mps.hpp",       "/mps/MPS",   "msl-library-"};
};
Wrappers& wrappers() {
  static Wrappers* instance = new Wrappers;
  return *instance;
}

[[maybe_unused]] bool is_wrapper(std::string_view file) {
  std::lock_guard lock(wrappers().mutex);
  return std::any_of(wrappers().paths.begin(), wrappers().paths.end(),
                     [&](const std::string& part) { return file.find(part) != file.npos; });
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

#if METALHOST_HAS_BACKTRACE
// libbacktrace looks once at what is loaded, and frees nothing: after more was loaded, such as kernels, it begins anew.
backtrace_state* state_of_loaded_objects() {
  static auto* states = new std::vector<std::pair<unsigned long long, backtrace_state*>>;
  unsigned long long loads = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<unsigned long long*>(out) = info->dlpi_adds + info->dlpi_subs;
        return 1;
      },
      &loads);
  if (states->empty() || states->back().first != loads) {
    states->emplace_back(loads, backtrace_create_state(
                                    nullptr, 0, [](void*, const char*, int) {}, nullptr));
  }
  return states->back().second;
}
#endif

// The line of a return address; empty when all its frames are wrappers, nothing when it has no line tables.
std::optional<std::string> line_of([[maybe_unused]] CallSite site) {
#if METALHOST_HAS_BACKTRACE
  // The state is shared by all threads; libbacktrace locks nothing when told that there is one thread.
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  backtrace_state* state = state_of_loaded_objects();
  if (!state) return std::nullopt;
  std::optional<std::string> found;
  auto frame = [](void* out, uintptr_t, const char* file, int line, const char*) -> int {
    if (!file) return 0;
    auto& answer = *static_cast<std::optional<std::string>*>(out);
    if (!answer) answer = "";
    if (is_wrapper(file)) return 0;  // innermost first: go on outwards
    answer = fmt::format("{}:{}", base_name(file), line);
    return 1;
  };
  // The call lies before the address it returns to.
  backtrace_pcinfo(
      state, reinterpret_cast<uintptr_t>(site) - 1, frame, [](void*, const char*, int) {}, &found);
  return found;
#else
  return std::nullopt;
#endif
}

std::string name_of_code(CallSite site) {
  Dl_info info;
  if (!dladdr(site, &info)) return fmt::format("{}", site);
  if (info.dli_sname) return info.dli_sname;
  auto offset = reinterpret_cast<uintptr_t>(site) - reinterpret_cast<uintptr_t>(info.dli_fbase);
  return fmt::format("{}+{:#x}", base_name(info.dli_fname), offset);
}

void* function_of(CallSite site) {
  auto inside = reinterpret_cast<uintptr_t>(site) - 1;  // the call lies before the address it returns to
  return _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(inside));
}

// The return addresses on this thread's stack from the function of `site` outwards. That function's own is another than
// `site` when it is inside the call by now that metalhost_check_send allowed.
std::vector<CallSite> callers_of(CallSite site) {
  struct Walk {
    void* function;
    std::vector<CallSite> found;
  } walk{function_of(site), {}};
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* data) {
        auto& state = *static_cast<Walk*>(data);
        auto address = reinterpret_cast<CallSite>(_Unwind_GetIP(context));
        if (!state.found.empty() || function_of(address) == state.function) state.found.push_back(address);
        return state.found.size() < 16 ? _URC_NO_REASON : _URC_END_OF_STACK;
      },
      &walk);
  return walk.found;
}

}  // namespace

void skip_call_sites_in(std::string path_part) {
  std::lock_guard lock(wrappers().mutex);
  wrappers().paths.push_back(std::move(path_part));
}

std::string symbolize(CallSite site) {
  if (!site) return {};
  auto line = line_of(site);
  return line && !line->empty() ? *line : name_of_code(site);
}

std::string symbolize_on_stack(CallSite site) {
  if (!site) return {};
  auto line = line_of(site);
  if (line && line->empty()) {
    for (CallSite caller : callers_of(site)) {
      auto outer = line_of(caller);
      if (outer && !outer->empty()) return *outer;
    }
  }
  return symbolize(site);
}

}  // namespace metalhost
