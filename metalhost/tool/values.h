// Values as they are written on the command line.
#pragma once
#include <array>
#include <string>
#include <utility>

#include "tool/npy.h"

namespace metalhost::tool {

// A command line that can't be obeyed.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// "N=rest": an index of 0 to 30, and the rest.
std::pair<uint64_t, std::string> indexed(const std::string& text, const std::string& option);

// "64", "64,2" or "64,2,1": what is left out is 1.
std::array<uint64_t, 3> extent(const std::string& text, const std::string& option);

// What a buffer begins with: "file.npy", "zeros:f32:16,256", "fill:f32:16,256:1.5", "scalar:u32:5" or
// "scalar:u32:64,64,128", several values one behind another.
Array buffer_value(const std::string& text);

// "u32:5" or "f32:1,2,3,4", the value of a function constant, with Metal's number for its type.
struct ConstantValue {
  uint64_t data_type;  // an MTLDataType
  std::vector<std::byte> bytes;
};
ConstantValue constant_value(const std::string& text);

}  // namespace metalhost::tool
