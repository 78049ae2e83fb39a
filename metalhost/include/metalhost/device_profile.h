// What the emulated devices and the system around them are like.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace metalhost {

// Reported defects of Metal Performance Shaders; an emulated device that has one breaks as reported, and says so.
struct MpsDefects {
  bool bf16_product_aborts = true;    // MPSMatrixMultiplication takes f32, f16, i8, i16 only
  bool nan_bands = false;             // (M + 2K) * N * element size near 2^31 gives bands of NaN
  bool long_k_out_of_bounds = false;  // K >= 32767 with both output sides >= 16 reads out of bounds
  // Where they begin: smaller figures make small tests.
  uint64_t nan_band_bytes = uint64_t{1} << 31;
  uint64_t long_k = 32767;
};

// The figures are what programs may rely on, not measurements of one machine: change them to test smaller ones.
struct DeviceProfile {
  std::string name;
  int apple_family = 7;  // MTLGPUFamilyApple7 is 7
  uint64_t memory_bytes = 0;
  uint64_t max_buffer_bytes = 0;
  uint64_t recommended_working_set_bytes = 0;
  uint64_t max_buffers = 31;
  uint64_t max_threads_per_threadgroup = 1024;
  uint64_t max_threadgroup_bytes = 32 << 10;
  uint64_t max_inline_bytes = 4 << 10;  // setBytes
  uint64_t simd_width = 32;
  MpsDefects defects;

  static DeviceProfile m1();
  static DeviceProfile m3();
  static DeviceProfile m4();
};

// The devices that programs find from now on; the first is the default one. Initially one M1, or what the environment
// variable METALHOST_DEVICE names (m1, m3, m4).
void set_devices(std::vector<DeviceProfile> profiles);

// The macOS version that availability is judged by. Initially 15.0, or METALHOST_MACOS ("14.0").
void set_macos_version(int major, int minor);

}  // namespace metalhost
