// One kernel dispatched on the emulated device, by the messages that any program would send.
#pragma once
#include <map>
#include <memory>

#include "msl/compiler/compile.h"
#include "tool/values.h"

namespace metalhost::tool {

using Buffers = std::map<uint64_t, Array>;

struct DispatchSpec {
  std::string kernel;
  std::array<uint64_t, 3> grid{1, 1, 1}, threads{1, 1, 1};
  Buffers buffers;
  std::map<uint64_t, uint64_t> threadgroup_bytes;
  std::map<std::string, ConstantValue> constants;  // by index or name
};

struct DispatchResult {
  Buffers buffers;                    // as the kernel left them
  std::vector<std::string> problems;  // broken contracts, and what the kernel did wrong
};

class Device {
 public:
  explicit Device(std::shared_ptr<const msl::Object> object) : object_(std::move(object)) {}
  DispatchResult run(const DispatchSpec& spec, const std::string& schedule);
  std::string name() const;

 private:
  std::shared_ptr<const msl::Object> object_;
};

}  // namespace metalhost::tool
