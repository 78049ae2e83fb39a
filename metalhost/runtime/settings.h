// The settings of the emulation that several parts read.
#pragma once
#include <metalhost/device_profile.h>

#include <atomic>
#include <cstdint>

namespace metalhost {

struct Settings {
  std::atomic<bool> guard_pages{true};
  std::atomic<bool> check_kernels{false};
  std::atomic<bool> leak_check_at_exit{true};
  std::atomic<uint64_t> gpu_timeout_ms{10'000};
  std::atomic<int> macos_major{15};
  std::atomic<int> macos_minor{0};
};
Settings& settings();

}  // namespace metalhost
