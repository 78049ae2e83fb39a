// What encoders put into a command buffer and GPU threads run.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/metal/buffer.h"
#include "runtime/metal/timeline.h"

namespace metalhost {

// A range of memory that a command reads or writes.
struct Access {
  std::shared_ptr<Memory> memory;
  uint64_t begin = 0;
  uint64_t end = 0;
  bool writes = false;
  bool tracked = true;  // Metal orders passes by itself
  std::string object;   // the buffer, for reports

  bool conflicts_with(const Access& other) const {
    return memory == other.memory && begin < other.end && other.begin < end && (writes || other.writes);
  }
};
// `bytes` from `offset` in a buffer.
Access access_of(const Buffer& buffer, uint64_t offset, uint64_t bytes, bool writes);

struct Command {
  enum class Kind { work, wait, signal, wait_fence, update_fence };
  Kind kind = Kind::work;
  std::string name;  // the kernel, or what is done
  std::vector<Access> accesses{};
  // Runs on a GPU thread; an exception fails the command buffer.
  std::function<void()> run{};
  std::shared_ptr<Timeline> timeline{};  // of waits and signals
  uint64_t value = 0;
  std::shared_ptr<struct FenceState> fence{};
  uint64_t encoder = 0;  // serial number of the encoder that encoded it; 0 if it is a pass of its own
};

}  // namespace metalhost
