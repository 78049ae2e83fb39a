#include "runtime/mps/parallel.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace metalhost::mps {

void parallel_for(uint64_t count, uint64_t grain, const std::function<void(uint64_t, uint64_t)>& body) {
  static const uint64_t kThreads = std::max(1u, std::thread::hardware_concurrency());
  uint64_t parts = std::min(kThreads, count / std::max<uint64_t>(grain, 1));
  if (parts <= 1) {
    if (count > 0) body(0, count);
    return;
  }
  auto part = [&](uint64_t index) { body(count * index / parts, count * (index + 1) / parts); };
  std::vector<std::thread> threads;
  threads.reserve(parts - 1);
  for (uint64_t index = 1; index < parts; ++index) threads.emplace_back(part, index);
  part(0);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace metalhost::mps
