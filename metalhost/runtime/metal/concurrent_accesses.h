// What the dispatches of a concurrent encoder touched, byte by byte, since the barriers that come before the next one.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "msl/runner/access_checker.h"

namespace metalhost {

// Addresses as the GPU sees them.
struct TouchedRange {
  uintptr_t begin = 0, end = 0;
  msl::AccessKind kind = msl::AccessKind::read;
  const void* site = nullptr;  // in the kernel's object
};

class ConcurrentAccesses {
 public:
  struct Conflict {
    TouchedRange mine, earlier;
    std::string kernel;            // of the earlier one
    uintptr_t begin = 0, end = 0;  // the bytes that both touch
  };
  // A barrier over these addresses: what was touched there is ordered before all that comes.
  void order(uintptr_t begin, uintptr_t end);
  // Takes in a dispatch; the first conflict with one that it isn't ordered after, if any.
  std::optional<Conflict> add(const std::string& kernel, std::vector<TouchedRange> touched);

 private:
  struct Earlier {
    std::string kernel;
    std::vector<TouchedRange> touched;  // by address
  };
  std::vector<Earlier> earlier_;
};

// One dispatch's place among those of its encoder.
struct ConcurrentDispatch {
  std::shared_ptr<ConcurrentAccesses> accesses;
  std::vector<std::pair<uintptr_t, uintptr_t>> barriers;  // encoded since the dispatch before
};

}  // namespace metalhost
