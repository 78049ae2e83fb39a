#include "runtime/settings.h"

#include <metalhost/runtime.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "runtime/config.h"

namespace metalhost {
namespace {

Settings* settings_of_environment() {
  auto* settings = new Settings;
  int major = 0, minor = 0;
  if (const char* version = std::getenv("METALHOST_MACOS");
      version && std::sscanf(version, "%d.%d", &major, &minor) >= 1) {
    settings->macos_major = major;
    settings->macos_minor = minor;
  }
  if (const char* leaks = std::getenv("METALHOST_LEAKS")) settings->leak_check_at_exit = std::string_view(leaks) != "0";
  if (const char* checks = std::getenv("METALHOST_CHECK_KERNELS"))
    settings->check_kernels = std::string_view(checks) != "0";
  return settings;
}

}  // namespace

Settings& settings() {
  static Settings* instance = settings_of_environment();
  return *instance;
}

MacOs emulated_macos() {
  return {settings().macos_major, settings().macos_minor};
}

void set_macos_version(int major, int minor) {
  settings().macos_major = major;
  settings().macos_minor = minor;
  forget_lookups();
}
void set_gpu_timeout_ms(uint64_t timeout) {
  settings().gpu_timeout_ms = timeout;
}
void set_page_protection(bool on) {
  settings().guard_pages = on;
}
void set_kernel_checks(bool on) {
  settings().check_kernels = on;
}
void set_leak_check_at_exit(bool on) {
  settings().leak_check_at_exit = on;
}

}  // namespace metalhost
