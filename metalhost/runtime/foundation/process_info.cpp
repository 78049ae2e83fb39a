// NSProcessInfo: the emulated macOS version, and facts of the host.
#include "runtime/foundation/process_info.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <thread>

#include "runtime/config.h"
#include "runtime/foundation/string.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

struct ProcessInfo : Object {};

struct Version {
  int64_t major, minor, patch;
};

}  // namespace

void register_process_info() {
  ClassBuilder<ProcessInfo>("NSProcessInfo", root_class(), "C:NSProcessInfo")
      .abstract()
      .singleton()
      .class_method("processInfo",
                    [](ObjcClass&) {
                      static ProcessInfo* instance = make<ProcessInfo>().detach();
                      return instance;
                    })
      .method("operatingSystemVersion",
              [](ProcessInfo&) {
                return Version{emulated_macos().major, emulated_macos().minor, 0};
              })
      .method("operatingSystemVersionString",
              [](ProcessInfo&) {
                return make_string(
                    fmt::format("Version {}.{} (metalhost)", emulated_macos().major, emulated_macos().minor));
              })
      .method("isOperatingSystemAtLeastVersion:",
              [](ProcessInfo&, Version version) {
                return MacOs{static_cast<int>(version.major), static_cast<int>(version.minor)} <= emulated_macos();
              })
      .method("processIdentifier", [](ProcessInfo&) -> int { return getpid(); })
      .method("processorCount", [](ProcessInfo&) -> uint64_t { return std::thread::hardware_concurrency(); })
      .method("activeProcessorCount", [](ProcessInfo&) -> uint64_t { return std::thread::hardware_concurrency(); })
      .method("physicalMemory",
              [](ProcessInfo&) -> uint64_t {
                return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
              })
      .method("systemUptime",
              [](ProcessInfo&) {
                timespec now{};
                clock_gettime(CLOCK_MONOTONIC, &now);
                return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
              })
      .method("isLowPowerModeEnabled", [](ProcessInfo&) { return false; })
      .method("thermalState", [](ProcessInfo&) { return int64_t{0}; });
}

}  // namespace metalhost
