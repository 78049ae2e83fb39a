// The backend on other systems and devices than the default ones: every test of this program again, in a process that
// finds an older macOS or a newer GPU.
#ifndef __APPLE__
#include <metalhost/device_profile.h>
#include <metalhost/event_log.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "metal_fixture.h"

namespace temper {
namespace {

/// Runs this program's tests with an environment variable set. The random properties run once, on the default device.
void run_tests_with(const char* variable, const char* value) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    setenv(variable, value, 1);
    execl("/proc/self/exe", "test_unit_device_metal",
          "--gtest_filter=-MetalProfiles.*:*Property.*:*DeathTest.*:*KernelLint.*", "--gtest_brief=1", nullptr);
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << variable << "=" << value << ": its tests fail";
}

TEST(MetalProfiles, AllTestsPassOnMacos14) {
  run_tests_with("METALHOST_MACOS", "14.0");
}

TEST(MetalProfiles, AllTestsPassOnAnM3WhichHasNotTheDefectsOfAnM1) {
  run_tests_with("METALHOST_DEVICE", "m3");
}

/// Whether opening the backend makes a residency set under this macOS.
bool makes_residency_set(int major) {
  metalhost::set_macos_version(major, 0);
  metalhost::start_event_log();
  open_backend({DeviceType::metal, 0}, {.threads = 1});
  metalhost::set_macos_version(15, 0);
  return std::ranges::any_of(metalhost::stop_event_log(), [](const metalhost::Event& event) {
    return event.kind == metalhost::EventKind::create && event.object.starts_with("MTLResidencySet");
  });
}

TEST(MetalProfiles, ResidencySetsAreMadeWhereTheSystemHasThem) {
  EXPECT_FALSE(makes_residency_set(14));
  EXPECT_TRUE(makes_residency_set(15));
}

}  // namespace
}  // namespace temper
#endif
