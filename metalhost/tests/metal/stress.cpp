// A thousand rounds leave nothing behind.
#include <unistd.h>

#include <fstream>

#include "support/metal.h"

namespace {

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(getpagesize()) / 1e6;
}

class Stress : public MetalTest {};

TEST_F(Stress, AThousandRoundsKeepMemoryFlat) {
  metalhost::set_zombie_quarantine(256);
  double settled = 0;
  for (int round = 0; round < 1000; ++round) {
    if (round == 200) settled = resident_mb();
    auto* pool = NS::AutoreleasePool::alloc()->init();
    auto* a = new_buffer(1024, 1);
    auto* b = new_buffer(1024);
    auto* command_buffer = queue_->commandBuffer();
    auto* encoder = command_buffer->computeCommandEncoder();
    dispatch(encoder, "add_one", {a}, 1024);
    dispatch(encoder, "copy", {a, b}, 1024);
    encoder->endEncoding();
    finish(command_buffer);
    ASSERT_EQ(floats(b)[1023], 2);
    a->release();
    b->release();
    pool->release();
  }
  double grown = resident_mb() - settled;
  std::printf("800 rounds: %+.1f MB\n", grown);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_LT(grown, 2);
#endif
  metalhost::set_zombie_quarantine(1 << 16);
}

}  // namespace
