#pragma once

#include <cstdint>
#include <string>

namespace temper {

enum class DeviceType : uint8_t { cpu, metal, cuda };

/// Which device a tensor lives on. Ops refuse tensors of different devices.
struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

/// "cpu:0", "metal:0".
std::string to_string(Device device);

}  // namespace temper
