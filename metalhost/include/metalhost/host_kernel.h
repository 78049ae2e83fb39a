// Compute kernels as C++ functions, for tests of the runtime and of code around kernels.
//
// A library made from source has a function for every `kernel void name(` in the text for which a host kernel of that
// name is registered; the default library has all of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace metalhost {

struct Extent {
  uint64_t width = 1, height = 1, depth = 1;
  uint64_t count() const { return width * height * depth; }
};

// One dispatch, as the kernel sees it on a GPU thread.
struct Dispatch {
  Extent threads;  // of the whole grid
  Extent group_threads;
  std::vector<std::span<std::byte>> arguments;            // by buffer index: what is bound there, from its offset on
  std::map<uint64_t, std::vector<std::byte>> constants;   // function constants by index
  std::vector<uint64_t> threadgroup_bytes;                // threadgroup memory by index
  std::vector<std::string> names;                         // of what is bound, for reports
  std::shared_ptr<struct ConcurrentDispatch> concurrent;  // the runtime's own; null in a serial encoder

  template <class T>
  std::span<T> buffer(std::size_t index) const {
    std::span<std::byte> bytes = arguments.at(index);
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <class T>
  const T& value(std::size_t index) const {
    return buffer<T>(index)[0];
  }
};

struct HostKernel {
  struct Argument {
    uint64_t index;
    bool writes = false;
    // How many bytes from the binding's offset on a dispatch touches; unset: up to the end of the buffer.
    std::function<uint64_t(const Dispatch&)> bytes = nullptr;
    // What the binding's offset must be a multiple of: the element's alignment; in the constant address space at
    // least 4.
    uint64_t alignment = 4;
    // Whether this dispatch, by its function constants, has the argument at all; unset: every dispatch has it.
    std::function<bool(const Dispatch&)> is_used = nullptr;
  };
  struct Constant {
    uint64_t index;
    std::string name;
    uint64_t data_type;  // an MTLDataType
    bool required = true;
  };
  std::string name;
  std::vector<Argument> arguments;
  std::vector<Constant> constants;
  std::function<void(const Dispatch&)> body;
  uint64_t max_threads_per_threadgroup = 1024;
  uint64_t static_threadgroup_bytes = 0;
  bool checks_accesses = false;  // barriers of concurrent encoders are judged by the bytes it touches as it runs
};

void register_host_kernel(HostKernel kernel);

}  // namespace metalhost
